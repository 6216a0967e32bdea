"""The overlay for charm cinder, over what the charms write.

The charms are on no package index: the tests have files in the shape that they write.
With ``EIC_CHARM_CINDER=DIRECTORY`` of a checkout, its templates make them, too.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from oslo_config import cfg

from tests.functional.recipes import checked, loaded, released

RECIPE = Path(__file__).parents[3] / 'recipes/juju'
CHARM = os.environ.get('EIC_CHARM_CINDER')
STOCK = 'cinder.volume.drivers.netapp.common.NetAppDriver'
NFS = 'eic_plugins.volume.nfs.EICNfsDriver'
OPTIONS = [
    ('netapp_storage_family', 'ontap_cluster'),
    ('netapp_storage_protocol', 'nfs'),
    ('netapp_server_hostname', '192.0.2.10'),
    ('volume_driver', STOCK),
    ('volume_backend_name', 'ontap'),
]
"""What cinder-netapp sends to cinder, in this order."""
USER = {
    'auth_type': 'password',
    'auth_url': 'http://192.0.2.1:5000',
    'project_domain_name': 'service_domain',
    'user_domain_name': 'service_domain',
    'project_name': 'services',
    'username': 'cinderv3',
    'password': 'keystone-password-4711',
}


def _as_written(etc: Path) -> None:
    lines = [
        '[DEFAULT]',
        'auth_strategy = keystone',
        # The charm misspells it, so the option is free.
        'api_paste_confg = /etc/cinder/api-paste.ini',
        'enabled_backends = cinder-netapp',
        '[cinder-netapp]',
        *(f'{key} = {value}' for key, value in OPTIONS),
        '[service_user]',
        'send_service_user_token = true',
        *(f'{key} = {value}' for key, value in USER.items()),
    ]
    (etc / 'cinder.conf').write_text('\n'.join(lines))
    paste = released.paste_file('cinder').read_text()
    (etc / 'api-paste.ini').write_text(
        # For Cinders that are older than those of EIC.
        '[composite:openstack_volume_api_v2]\n'
        'keystone = cors authtoken keystonecontext audit apiv2\n\n'
        + paste.replace('keystonecontext apiv3', 'keystonecontext audit apiv3')
        + '\n[filter:audit]\n'
        'paste.filter_factory = keystonemiddleware.audit:filter_factory\n'
        'audit_map_file = /etc/cinder/api_audit_map.conf\n'
    )


def _by_the_charm(etc: Path) -> None:
    jinja2 = pytest.importorskip('jinja2')
    places = ('yoga', 'ussuri', '.')
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(
            [
                *(Path(str(CHARM)) / 'templates' / place for place in places),
                Path(str(CHARM)) / 'charmhelpers/contrib/openstack/templates',
            ]
        )
    )
    context: dict[str, Any] = {
        'admin_password': USER['password'],
        'admin_tenant_name': USER['project_name'],
        'admin_user': USER['username'],
        'audit_middleware': True,
        'auth_host': '192.0.2.1',
        'auth_port': 5000,
        'auth_protocol': 'http',
        'backends': 'cinder-netapp',
        'debug': 'False',
        'keystone_authtoken': USER,
        'sections': {'cinder-netapp': OPTIONS},
        'service_name': 'cinder',
        'use_syslog': 'False',
        'verbose': 'False',
        'volume_usage_audit_period': 'hour',
        'workers': 2,
    }
    for name in ('cinder.conf', 'api-paste.ini'):
        (etc / name).write_text(environment.get_template(name).render(context))


@pytest.fixture(
    params=[
        _as_written,
        pytest.param(
            _by_the_charm,
            marks=pytest.mark.skipif(
                not CHARM, reason='EIC_CHARM_CINDER names no checkout of the charm'
            ),
        ),
    ],
    ids=['as_written', 'charm'],
)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit's files, as the charm leaves them."""
    for folder in ('cinder', 'default', 'init.d'):
        (tmp_path / 'etc' / folder).mkdir(parents=True)
    for service in ('cinder-volume', 'cinder-scheduler'):
        (tmp_path / 'etc/init.d' / service).touch()
    request.param(tmp_path / 'etc/cinder')
    (tmp_path / 'etc/cinder/cinder.conf').chmod(0o640)
    return tmp_path


def overlay(unit: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(RECIPE / 'overlay'), *arguments],
        env={**os.environ, 'ROOT': str(unit)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stderr


def files(unit: Path) -> dict[str, str]:
    return {
        str(path.relative_to(unit)): path.read_text()
        for path in unit.rglob('*')
        if path.is_file()
    }


def test_what_cinder_volume_reads_is_what_eic_check_wants(unit: Path) -> None:
    overlay(unit)
    found = checked.complaints(
        {'cinder': unit / 'etc/cinder/cinder.conf'},
        f'--config-dir=cinder={unit}/etc/cinder/cinder.conf.d',
    )
    assert found == {}


def test_cinder_volume_has_the_driver_through_the_option_of_etc_default(
    unit: Path,
) -> None:
    overlay(unit)
    conf = unit / 'etc/cinder/cinder.conf'
    directory = unit / 'etc/cinder/cinder.conf.d'
    for service in ('cinder-volume', 'cinder-scheduler'):
        line = (unit / 'etc/default' / service).read_text()
        assert f'"$DAEMON_ARGS --config-dir={directory}"' in line
    found = loaded.backends(conf, directory)
    assert found['drivers'] == {'cinder-netapp': NFS}
    assert found['weighers'] == ['CapacityWeigher', 'EICImageLocalityWeigher']
    assert found['unknown_weighers'] == []


def test_cinder_api_reads_the_overlay_by_itself_and_cinder_volume_does_not(
    unit: Path,
) -> None:
    """oslo.config: a file that is named on the command line wins over a default one."""
    overlay(unit)
    conf, directory = unit / 'etc/cinder/cinder.conf', unit / 'etc/cinder/cinder.conf.d'
    read = {}
    for arguments in ((), ('--config-file', str(conf))):
        options = cfg.ConfigOpts()
        options.register_opt(cfg.StrOpt('volume_driver'), group='cinder-netapp')
        options(
            arguments,
            project='cinder',
            default_config_files=[str(conf)],
            default_config_dirs=[str(directory)],
        )
        read[bool(arguments)] = options['cinder-netapp'].volume_driver
    assert read == {False: NFS, True: STOCK}


def test_cinder_api_loads_the_filter_behind_the_audit(unit: Path) -> None:
    overlay(unit)
    paste = unit / 'etc/cinder/eic-api-paste.ini'
    audit = unit / 'etc/cinder/api_audit_map.conf'
    audit.write_text('[DEFAULT]\ntarget_endpoint_type = None\n')
    text = paste.read_text()
    assert '/etc/cinder/api_audit_map.conf' in text
    paste.write_text(text.replace('/etc/cinder/api_audit_map.conf', str(audit)))
    found = loaded.pipelines('cinder', unit / 'etc/cinder/cinder.conf', paste)
    (classes,) = found.values()
    assert classes[-2] == 'eic_plugins.middleware.cinder:CinderFilter'
    assert classes[-3].startswith('keystonemiddleware.audit:')


def test_the_files_of_the_charm_stay_and_a_second_run_changes_nothing(
    unit: Path,
) -> None:
    before = files(unit)
    overlay(unit)
    once = files(unit)
    assert before.items() <= once.items()
    overlay(unit)
    assert files(unit) == once


def test_the_overlay_is_as_secret_as_cinder_conf(unit: Path) -> None:
    overlay(unit)
    written = unit / 'etc/cinder/cinder.conf.d/eic.conf'
    assert written.stat().st_mode & 0o777 == 0o640


def test_it_can_be_removed(unit: Path) -> None:
    before = files(unit)
    overlay(unit)
    overlay(unit, '--remove')
    after = files(unit)
    emptied = {'etc/default/cinder-volume', 'etc/default/cinder-scheduler'}
    assert after == {**before, **dict.fromkeys(emptied, '')}


def test_without_the_relation_it_says_so(unit: Path) -> None:
    conf = unit / 'etc/cinder/cinder.conf'
    conf.write_text('[DEFAULT]\n')
    assert 'no backend of cinder-netapp yet' in overlay(unit)
    assert not (unit / 'etc/cinder/cinder.conf.d').exists()


def test_pipelines_of_another_charm_are_left_alone(unit: Path) -> None:
    paste = unit / 'etc/cinder/api-paste.ini'
    paste.write_text(paste.read_text().replace(' apiv3', ' apiv4'))
    assert 'other pipelines' in overlay(unit)
    assert not (unit / 'etc/cinder/eic-api-paste.ini').exists()


def test_shellcheck_finds_nothing() -> None:
    checked.shellcheck(RECIPE / 'install')
