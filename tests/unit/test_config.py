"""What an operator may set."""

from eic_plugins import config


def test_every_option_is_in_the_sample() -> None:
    ((group, options),) = config.list_opts()
    assert group == 'eic'
    names = {option.dest for option in options}
    assert {opt.dest for opt in config.ALL_OPTS} <= names
    assert {'auth_type', 'cafile', 'username'} <= names


def test_every_option_explains_itself() -> None:
    assert all(opt.help for opt in config.ALL_OPTS)
