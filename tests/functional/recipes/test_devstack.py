"""DevStack's plugin, sourced as stack.sh, unstack.sh and clean.sh source it.

With ``EIC_DEVSTACK=DIRECTORY`` of a DevStack, its own ``inc/ini-config`` writes the
files, too.
"""

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from oslo_config import cfg

from eic_plugins import config
from tests.functional.recipes import checked, loaded, released

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
EVERYTHING = 'keystone,g-api,c-api,c-sch,c-vol,n-api'
SHARE = 'nfs://192.0.2.11/images'
STOCK = 'cinder.volume.drivers.netapp.common.NetAppDriver'
DRIVERS = {
    'nfs': 'eic_plugins.volume.nfs.EICNfsDriver',
    'iscsi': 'eic_plugins.volume.iscsi.EICISCSIDriver',
    'fc': 'eic_plugins.volume.fc.EICFibreChannelDriver',
    'nvme': 'eic_plugins.volume.nvme.EICNVMeDriver',
}
NFS, LVM = 'netapp-nfs', 'lvmdriver-1'
CINDER_CONF = f"""\
[DEFAULT]
enabled_backends = {NFS},{','.join(DRIVERS)},{LVM}
api_paste_config = api-paste.ini

[glance]
auth_type = password
interface = public
auth_url = http://192.0.2.1/identity
username = glance
password = service-password-4711

[{LVM}]
volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver
"""
NOVA_CONF = """\
[api]
response_validation = error
[wsgi]
api_paste_config = api-paste.ini
"""
GLANCE_CONF = '[glance_store]\nfilesystem_store_datadir = /var/lib/glance/images/\n'
INI_CONFIGS = [
    HERE / 'ini_config.sh',
    *(
        Path(each) / 'inc/ini-config'
        for each in [os.environ.get('EIC_DEVSTACK')]
        if each
    ),
]


def _backend(name: str, protocol: str, family: str = 'ontap_cluster') -> str:
    """As DevStack's lib/cinder_backends/netapp_nfs writes it."""
    return (
        f'\n[{name}]\nnetapp_storage_protocol = {protocol}\n'
        f'netapp_storage_family = {family}\nvolume_driver = {STOCK}\n'
        f'volume_backend_name = {name}\n'
    )


class Stack:
    """The files of a DevStack, as they are before its phase post-config."""

    def __init__(self, state: Path, ini_config: Path) -> None:
        self.state = state
        self.cinder_conf = state / 'cinder/cinder.conf'
        self.cinder_paste = state / 'cinder/api-paste.ini'
        self.nova_conf = state / 'nova/nova.conf'
        self.nova_paste = state / 'nova/api-paste.ini'
        self.glance_conf = state / 'glance/glance-api.conf'
        self.environment = {'INI_CONFIG': str(ini_config)}

    def write(self) -> None:
        for service in ('cinder', 'nova', 'glance'):
            (self.state / service).mkdir()
        for service, paste in (
            ('cinder', self.cinder_paste),
            ('nova', self.nova_paste),
        ):
            shutil.copy(released.paste_file(service), paste)
        backends = _backend(NFS, 'nfs') + ''.join(map(_backend, DRIVERS, DRIVERS))
        self.cinder_conf.write_text(CINDER_CONF + backends)
        self.nova_conf.write_text(NOVA_CONF)
        self.glance_conf.write_text(GLANCE_CONF)

    def run(self, *phase: str, services: str = EVERYTHING, **variables: str) -> str:
        """What the plugin prints."""
        done = subprocess.run(
            ['bash', str(HERE / 'stack.sh'), str(self.state), *phase],
            env={
                'PATH': os.environ['PATH'],
                'ENABLED_SERVICES': services,
                **self.environment,
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def files(self) -> dict[str, Path]:
        return {
            'cinder': self.cinder_conf,
            'nova': self.nova_conf,
            'glance': self.glance_conf,
        }

    def parsed(self) -> dict[str, dict[str, dict[str, str]]]:
        """Each INI file as sections, which is what it says."""
        found = {}
        for path in sorted(self.state.rglob('*.*')):
            if path.suffix in {'.conf', '.ini'}:
                parser = configparser.RawConfigParser(strict=False, default_section='')
                parser.read(path)
                found[path.name + path.parent.name] = {
                    name: dict(section) for name, section in parser.items()
                }
        return found

    def calls(self) -> list[str]:
        path = self.state / 'calls'
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(params=INI_CONFIGS, ids=lambda path: path.name)
def stack(request: pytest.FixtureRequest, tmp_path: Path) -> Stack:
    found = Stack(tmp_path, request.param)
    found.write()
    return found


@pytest.fixture
def configured(stack: Stack) -> Stack:
    stack.run('stack', 'post-config', EIC_GLANCE_SHARE_LOCATION=SHARE)
    return stack


def test_what_it_writes_is_what_eic_check_wants(configured: Stack) -> None:
    assert checked.complaints(configured.files()) == {}


def test_cinder_api_loads_the_filter_right_before_its_application(
    configured: Stack,
) -> None:
    found = loaded.pipelines('cinder', configured.cinder_conf, configured.cinder_paste)
    (classes,) = found.values()
    assert classes[-3:] == [
        'cinder.api.middleware.auth:CinderKeystoneContext',
        'eic_plugins.middleware.cinder:CinderFilter',
        'cinder.api.v3.router:APIRouter',
    ]


def test_nova_api_loads_the_filter_in_both_pipelines(configured: Stack) -> None:
    found = loaded.pipelines('nova', configured.nova_conf, configured.nova_paste)
    assert len(found) == 2
    for classes in found.values():
        assert classes[-2] == 'eic_plugins.middleware.nova:NovaFilter'


def test_cinder_loads_drivers_weigher_and_credentials(configured: Stack) -> None:
    found = loaded.backends(configured.cinder_conf)
    assert found['drivers'] == {
        NFS: DRIVERS['nfs'],
        **DRIVERS,
        LVM: 'cinder.volume.drivers.lvm.LVMVolumeDriver',
    }
    assert found['weighers'] == ['CapacityWeigher', 'EICImageLocalityWeigher']
    assert found['unknown_weighers'] == []
    assert (found['user'], found['project']) == ('eic', 'service')
    assert found['password'] == 'service-password-4711'
    # DevStack's catalog has no internal endpoints.
    assert found['interface'] == 'public'


def test_nova_says_wrong_answers_in_its_log_alone(configured: Stack) -> None:
    """docs/nova.md: with "error", a boot is refused that Nova has begun."""
    options = cfg.ConfigOpts()
    options.register_opt(cfg.StrOpt('response_validation'), group='api')
    config.register(options)
    options(['--config-file', str(configured.nova_conf)], project='nova')
    assert options.api.response_validation == 'warn'
    assert options.eic.region_name == 'RegionOne'


def test_a_second_run_changes_nothing(configured: Stack) -> None:
    before = configured.parsed()
    configured.run('stack', 'post-config', EIC_GLANCE_SHARE_LOCATION=SHARE)
    assert configured.parsed() == before


def test_unstack_leaves_what_was_there_before(stack: Stack) -> None:
    before = stack.parsed()
    stack.run('stack', 'post-config', EIC_GLANCE_SHARE_LOCATION=SHARE)
    assert stack.parsed() != before
    stack.run('unstack')
    after = stack.parsed()
    for paste in ('api-paste.inicinder', 'api-paste.ininova'):
        assert after[paste] == before[paste]
    # Cinder's default, in words; and what Nova's own default is, too.
    weighers = after['cinder.confcinder']['DEFAULT'].pop('scheduler_default_weighers')
    assert weighers == 'CapacityWeigher'
    before['nova.confnova']['api']['response_validation'] = 'warn'
    assert after == before
    assert not list(stack.state.rglob('*.json'))


def test_unstack_of_a_stack_that_never_was_makes_no_files(tmp_path: Path) -> None:
    stack = Stack(tmp_path, INI_CONFIGS[0])
    stack.run('unstack')
    assert list(tmp_path.iterdir()) == []


def test_a_host_gets_what_its_services_need_and_no_more(stack: Stack) -> None:
    before = stack.parsed()
    stack.run('stack', 'install', services='n-cpu')
    stack.run('stack', 'post-config', services='n-cpu')
    assert stack.parsed() == before
    assert stack.calls() == []
    stack.run('stack', 'post-config', services='c-vol')
    after = stack.parsed()
    assert after['cinder.confcinder'][NFS]['volume_driver'] == DRIVERS['nfs']
    assert 'scheduler_default_weighers' not in after['cinder.confcinder']['DEFAULT']
    del after['cinder.confcinder'], before['cinder.confcinder']
    assert after == before


def test_nova_can_be_left_out(stack: Stack) -> None:
    before = stack.parsed()['api-paste.ininova']
    stack.run('stack', 'post-config', EIC_NOVA_FILTER='False')
    assert stack.parsed()['api-paste.ininova'] == before


def test_it_is_installed_with_its_user_and_uninstalled_from_the_same_python(
    stack: Stack,
) -> None:
    for phase in (('stack', 'install'), ('stack', 'post-config'), ('clean',)):
        stack.run(*phase)
    assert stack.calls() == [
        f'setup_develop {ROOT}',
        'create_service_user eic admin',
        f'pip_uninstall eic-plugins from {stack.state}/venv',
    ]


def test_no_password_is_traced(stack: Stack) -> None:
    assert 'service-password' not in stack.run('stack', 'post-config')


def test_a_backend_of_data_ontap_in_7_mode_is_left_as_it_is(stack: Stack) -> None:
    """It is what DevStack writes without NETAPP_MODE."""
    text = stack.cinder_conf.read_text().replace(_backend(NFS, 'nfs'), '')
    stack.cinder_conf.write_text(text + _backend(NFS, 'nfs', 'ontap_7mode'))
    printed = stack.run('stack', 'post-config')
    assert f'EIC has no driver for backend {NFS}' in printed
    assert stack.parsed()['cinder.confcinder'][NFS]['volume_driver'] == STOCK


def test_shellcheck_finds_nothing() -> None:
    checked.shellcheck(
        ROOT / 'devstack/plugin.sh', ROOT / 'devstack/settings', *HERE.glob('*.sh')
    )
