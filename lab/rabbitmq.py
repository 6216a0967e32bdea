"""A private RabbitMQ, with an Erlang port mapper of its own on loopback."""

from pathlib import Path

from lab import files
from lab.context import Lab
from lab.net import answers
from lab.ports import LOOPBACK
from lab.service import Service

NAME = 'rabbitmq'
EPMD = 'epmd'
_USER = 'lab'
# /usr/sbin/rabbitmq-server would switch to the packaged server's user.
_SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server'


def start(lab: Lab) -> None:
    """Have the broker running, and its port mapper."""
    start_port_mapper(lab)
    lab.ensure(_service(lab), lambda: answers(LOOPBACK, lab.ports[NAME]))


def start_port_mapper(lab: Lab) -> None:
    """Have the port mapper running."""
    lab.ensure(
        Service(
            EPMD,
            ('epmd', '-address', LOOPBACK, '-port', str(lab.ports[EPMD])),
            stop_seconds=3,
        ),
        lambda: answers(LOOPBACK, lab.ports[EPMD]),
        seconds=10,
    )


def url(lab: Lab) -> str:
    """oslo.messaging's transport_url."""
    return f'rabbit://{_USER}:{lab.secrets[NAME]}@{LOOPBACK}:{lab.ports[NAME]}/'


def config(lab: Lab) -> str:
    """rabbitmq.conf; its user is made at the first start."""
    return (
        '\n'.join(
            [
                f'listeners.tcp.default = {LOOPBACK}:{lab.ports[NAME]}',
                f'default_user = {_USER}',
                f'default_pass = {lab.secrets[NAME]}',
                'log.console = true',
                'log.console.level = info',
                'log.file = false',
            ]
        )
        + '\n'
    )


def _service(lab: Lab) -> Service:
    directory = files.private_dir(lab.paths / NAME)
    conf = directory / 'rabbitmq.conf'
    files.write_private(conf, config(lab))
    files.write_private(directory / 'enabled_plugins', '[].\n')
    return Service(
        NAME, (_SERVER,), _environment(lab, directory), (conf,), stop_seconds=20
    )


def _environment(lab: Lab, directory: Path) -> dict[str, str]:
    return {
        'HOME': str(directory),  # the Erlang cookie is made there
        'RABBITMQ_NODENAME': f'eic-lab-{lab.ports.base}@localhost',
        'RABBITMQ_CONF_ENV_FILE': str(directory / 'none'),
        'RABBITMQ_CONFIG_FILE': str(directory / 'rabbitmq.conf'),
        'RABBITMQ_ENABLED_PLUGINS_FILE': str(directory / 'enabled_plugins'),
        'RABBITMQ_MNESIA_BASE': str(directory / 'mnesia'),
        'RABBITMQ_LOG_BASE': str(files.private_dir(directory / 'log')),
        'RABBITMQ_PID_FILE': str(directory / 'pid'),
        'RABBITMQ_DIST_PORT': str(lab.ports['rabbitmq-dist']),
        'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': (
            '-kernel inet_dist_use_interface {127,0,0,1}'
        ),
        'ERL_EPMD_ADDRESS': LOOPBACK,
        'ERL_EPMD_PORT': str(lab.ports[EPMD]),
    }
