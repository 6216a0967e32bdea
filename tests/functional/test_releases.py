"""The installed release of Cinder has what the compat module says, where it says."""

from cinder.volume import configuration
from cinder.volume.drivers.netapp import options
from oslo_config import cfg

from eic_plugins.support import compat


def test_the_models_are_those_of_cinders_tables() -> None:
    models = compat.cinder_models()
    assert models.Volume.__tablename__ == 'volumes'
    assert models.VolumeGlanceMetadata.__tablename__ == 'volume_glance_metadata'
    assert models.VolumeAdminMetadata.__tablename__ == 'volume_admin_metadata'


def test_transactions_are_read_and_written() -> None:
    transactions = compat.cinder_transactions()
    assert hasattr(transactions.reader, 'using')
    assert hasattr(transactions.writer, 'using')


def test_an_option_that_the_release_lacks_has_the_default() -> None:
    assert compat.netapp_option(section(), 'netapp_of_the_future', 7) == 7


def test_an_option_that_is_off_is_not_taken_for_one_that_is_lacking() -> None:
    found = section()
    cfg.CONF.set_override('netapp_use_legacy_client', False, 'release')
    assert compat.netapp_option(found, 'netapp_use_legacy_client', True) is False


def section() -> configuration.Configuration:
    return configuration.Configuration(
        options.netapp_connection_opts, config_group='release'
    )
