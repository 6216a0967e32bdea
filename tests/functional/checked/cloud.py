"""The files of a cloud that is as it should be, and its ONTAP."""

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ontap_simulator.testing import Simulator

from eic_plugins.cli.checks import product, runner, sources
from eic_plugins.cli.checks.facts import Facts
from eic_plugins.cli.checks.finding import Change, Finding, Status
from eic_plugins.cli.checks.fix import by_file, carry_out
from eic_plugins.cli.checks.runner import Result
from eic_plugins.ontap.session import OntapForbiddenError, OntapSession
from eic_plugins.ontap.survey import Survey
from tests.contract.release import ONTAP
from tests.functional.checked.services import IMAGE, Services

ROOT = Path(__file__).parents[3]
SECRETS = {
    'ontap': 'ontap-password-4711',
    'keystone': 'keystone-password-4712',
    'database': 'database-password-4713',
    'bus': 'rabbit-password-4714',
    'record': 'record-secret-0123456789abcdef',
}
BAD = (Status.FAILURE, Status.WARNING)
CINDER_UID = 4242
GLANCE_UID = 4343
RELEASE = product.written(ONTAP)
OLD = ONTAP < product.TELLS_SHARED_DATA
"""Whether ``eic check`` rightly warns of the cluster's release."""


def is_of_release(finding: Finding) -> bool:
    """Whether a finding is that warning."""
    return OLD and f'runs ONTAP {RELEASE}, ' in finding.why


TOPOLOGY = f"""
[cluster]
name = "checked"
version = "{RELEASE}"
listen = "127.0.0.1:0"

[[users]]
name = "admin"
password = "admin-secret"

[[users]]
name = "cinder"
password = "ontap-password-4711"

[[aggregates]]
name = "aggr1"
size = "4TiB"
node = "checked-01"

[[svms]]
name = "svm_gold"
[[svms.lifs]]
name = "lif1"
address = "127.0.91.1"
[[svms.lifs]]
name = "lif2"
address = "127.0.91.2"
[[svms.volumes]]
name = "images_vol"
junction_path = "/images"
size = "100GiB"
aggregate = "aggr1"
[[svms.volumes]]
name = "gold_vol"
junction_path = "/tenants/gold"
size = "100GiB"
aggregate = "aggr1"

[[svms]]
name = "svm_silver"
[[svms.lifs]]
name = "lif1"
address = "127.0.92.1"
[[svms.volumes]]
name = "silver_vol"
junction_path = "/silver"
size = "100GiB"
aggregate = "aggr1"

[[svms]]
name = "svm_san"
protocols = ["iscsi"]
[[svms.lifs]]
name = "lif1"
address = "127.0.93.1"
[[svms.volumes]]
name = "san_one"
size = "100GiB"
aggregate = "aggr1"
"""
_CREDENTIALS = """
auth_type = password
auth_url = {keystone}/v3
username = eic
password = keystone-password-4712
project_name = service
user_domain_name = Default
project_domain_name = Default
"""
_CINDER = """\
[DEFAULT]
# What an operator wrote stays.
transport_url = rabbit://openstack:rabbit-password-4714@127.0.0.1:5672/
state_path = {state}
enabled_backends = gold,san,lvm
auth_strategy = keystone
api_paste_config = api-paste.ini
scheduler_default_weighers = CapacityWeigher,EICImageLocalityWeigher
image_conversion_dir = {state}/conversion
cinder_internal_tenant_project_id = 0123456789abcdef0123456789abcdef
cinder_internal_tenant_user_id = fedcba9876543210fedcba9876543210

[database]
connection = mysql+pymysql://cinder:database-password-4713@127.0.0.1/cinder

[keystone_authtoken]
auth_url = {keystone}/v3
service_token_roles = service
service_token_roles_required = True

[service_user]
send_service_user_token = True
{credentials}
[glance]
{credentials_kept}
[eic]
{credentials}
metrics_directory = {state}/metrics
record_secret = record-secret-0123456789abcdef
precache_notifications = True

[coordination]
backend_url = file://{state}/locks

[gold]
volume_backend_name = gold
volume_driver = eic_plugins.volume.nfs.EICNfsDriver
netapp_storage_family = ontap_cluster
netapp_storage_protocol = nfs
netapp_use_legacy_client = False
netapp_allow_zapi_fallback = False
netapp_server_hostname = {host}
netapp_server_port = {port}
netapp_transport_type = https
netapp_ssl_cert_path = {ca}
netapp_login = cinder
netapp_password = ontap-password-4711
netapp_vserver = svm_gold
nfs_shares_config = {etc}/cinder/shares
nfs_mount_point_base = {state}/mnt
nas_secure_file_operations = True
nas_secure_file_permissions = True

[san]
volume_backend_name = san
volume_driver = eic_plugins.volume.iscsi.EICISCSIDriver
netapp_storage_protocol = iscsi
netapp_use_legacy_client = False
netapp_server_hostname = {host}
netapp_server_port = {port}
netapp_transport_type = https
netapp_ssl_cert_path = {ca}
netapp_login = cinder
netapp_password = ontap-password-4711
netapp_vserver = svm_san

[lvm]
volume_backend_name = lvm
volume_driver = cinder.volume.drivers.lvm.LVMVolumeDriver
image_volume_cache_enabled = True
"""
_NOVA = """\
[DEFAULT]
transport_url = rabbit://openstack:rabbit-password-4714@127.0.0.1:5672/

[keystone_authtoken]
service_token_roles = service
service_token_roles_required = True

[service_user]
send_service_user_token = True
{credentials}
[cinder]
{credentials}
[eic]
{credentials}
"""
_GLANCE = """\
[DEFAULT]
enabled_backends = images:file,web:http
show_image_direct_url = False
show_multiple_locations = False

[glance_store]
default_backend = images

[images]
filesystem_store_datadir = {store}
filesystem_store_metadata_file = {etc}/glance/nfs-metadata.json
filesystem_store_file_perm = 660

[keystone_authtoken]
service_token_roles_required = True

[oslo_messaging_notifications]
driver = messagingv2
retry = 3
"""
_UWSGI = '[uwsgi]\nprocesses = 2\nthreads = 32\nenable-threads = true\n'
_API = '/api'


class Overlay(OntapSession):
    """A session to the simulator, with answers that it cannot be brought to give."""

    def __init__(self, endpoint: Any, answers: Mapping[str, Any]) -> None:
        super().__init__(endpoint)
        self._answers = answers

    def get(self, path: str, **params: Any) -> Any:
        if path in self._answers:
            return self._answers[path]
        return super().get(path, **params)


@dataclasses.dataclass
class Cloud:
    """Where everything is; methods change it as an operator would."""

    root: Path
    services: Services
    simulator: Simulator
    answers: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def etc(self) -> Path:
        return self.root / 'etc'

    @property
    def state(self) -> Path:
        return self.root / 'var/cinder'

    @property
    def store(self) -> Path:
        return self.root / 'var/glance/images'

    @property
    def share(self) -> Path:
        return self.state / 'mnt/0123456789abcdef'

    def file(self, service: str) -> Path:
        name = 'glance-api.conf' if service == 'glance' else f'{service}.conf'
        return self.etc / service / name

    @property
    def metadata(self) -> Path:
        return self.etc / 'glance/nfs-metadata.json'

    @property
    def image(self) -> Path:
        return self.store / IMAGE

    def build(self) -> None:
        """Write all files anew."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.answers = {}
        for service in sources.SERVICES:
            (self.etc / service).mkdir(parents=True)
        for name in ('metrics', 'locks', 'conversion', 'mnt/0123456789abcdef'):
            (self.state / name).mkdir(parents=True, exist_ok=True)
            (self.state / name).chmod(0o777)
        self.state.chmod(0o777)
        self.store.mkdir(parents=True)
        self.image.write_bytes(b'bytes')
        self.image.chmod(0o666)
        (self.share / 'img-cache-1').touch()
        (self.share / '.eic-img-cache-1.json').touch()
        self._configure()
        self._serve()

    def _configure(self) -> None:
        values = self._values()
        self.file('cinder').write_text(_CINDER.format(**values))
        self.file('nova').write_text(_NOVA.format(**values))
        self.file('glance').write_text(_GLANCE.format(**values))
        (self.etc / 'cinder/shares').write_text('127.0.91.1:/tenants/gold\n')
        for service, sample in (('cinder', ''), ('nova', '-nova')):
            paste = self.etc / service / 'api-paste.ini'
            shutil.copy(ROOT / f'api-paste{sample}.ini.sample', paste)
            (self.etc / service / f'{service}-api-uwsgi.ini').write_text(_UWSGI)
        self.write_metadata(share_location='nfs://127.0.91.2/images')
        self.metadata.chmod(0o644)
        self.mount('127.0.91.2:/images')

    def _values(self) -> dict[str, object]:
        credentials = _CREDENTIALS.format(keystone=self.services.url)
        return {
            'etc': self.etc,
            'state': self.state,
            'store': self.store,
            'keystone': self.services.url,
            'host': self.simulator.host,
            'port': self.simulator.port,
            'ca': self.simulator.ca,
            'credentials': credentials,
            'credentials_kept': credentials.replace(
                '= password\n', '= eic_shared_password\n', 1
            ),
        }

    def _serve(self) -> None:
        self.services.reset()
        self.services.locations = [
            {
                'url': f'file://{self.image}',
                'metadata': json.loads(self.metadata.read_text()),
            }
        ]
        self.simulator.control('POST', '/reset', json={'files': True})
        for uuid in self.volumes().values():
            self.patch_volume(uuid, {'efficiency': {'dedupe': 'inline'}})

    def volumes(self) -> dict[str, str]:
        """The UUID of each volume."""
        found = self.request('GET', '/storage/volumes?fields=name')
        return {record['name']: record['uuid'] for record in found['records']}

    def patch_volume(self, uuid: str, body: Mapping[str, Any]) -> None:
        self.request('PATCH', f'/storage/volumes/{uuid}?return_timeout=5', json=body)

    def request(self, method: str, path: str, **kwargs: Any) -> Any:
        """A call of ONTAP's, as its admin."""
        answer = self.simulator.session.request(
            method, f'{self.simulator.origin}{_API}{path}', timeout=30, **kwargs
        )
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def write_metadata(self, **changes: Any) -> None:
        """One entry, with these changes; None takes a key away."""
        entry = {
            'id': 'nfs-1',
            'type': 'nfs',
            'share_location': 'nfs://127.0.91.2/images',
            'mountpoint': str(self.store),
            **changes,
        }
        kept = {key: value for key, value in entry.items() if value is not None}
        self.metadata.write_text(json.dumps(kept))

    def mount(self, source: str, point: Path | None = None) -> None:
        """What Linux says is mounted for Glance and for Cinder."""
        (self.root / 'mountinfo').write_text(
            '1 0 8:1 / / rw - ext4 /dev/sda1 rw\n'
            f'2 1 0:50 / {point or self.store} rw - nfs4 {source} rw\n'
            f'3 1 0:51 / {self.share} rw - nfs4 127.0.91.1:/tenants/gold rw\n'
        )

    def set(
        self, service: str, option: str, value: str | None, section: str = 'DEFAULT'
    ) -> None:
        """Set an option, or take it away, whatever the file has of it."""
        self.edit(self.file(service), section, option, value)

    def edit(self, path: Path, section: str, option: str, value: str | None) -> None:
        from eic_plugins.cli.checks.ini_edit import apply  # noqa: PLC0415

        change = Change(str(path), section, option, value)
        path.write_text(apply(path.read_text(), change))

    def replace(self, path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text, (path, old)
        path.write_text(text.replace(old, new))

    def facts(self, seconds: float = 15.0) -> Facts:
        """What a new `eic check` sees."""
        files = [f'{service}={self.file(service)}' for service in sources.SERVICES]
        return Facts(
            sources.find(
                [each for each in files if Path(each.partition('=')[2]).exists()]
            ),
            seconds,
            {'cinder': str(CINDER_UID), 'glance': str(GLANCE_UID)},
            self.root / 'mountinfo',
        )

    def check(self) -> list[Result]:
        """The results of all checks."""
        return runner.run(runner.load(), self.facts())

    def bad(self) -> dict[str, list[Finding]]:
        """What is wrong, by check; the cluster's release is as it is."""
        found: dict[str, list[Finding]] = {}
        for check, finding in ((each.check, each.finding) for each in self.check()):
            if finding.status in BAD and not is_of_release(finding):
                found.setdefault(check, []).append(finding)
        return found

    def mend(self, findings: list[Finding]) -> None:
        """Make the changes that the findings advise."""
        changes = [change for finding in findings for change in finding.changes]
        for path, of_file in by_file(changes).items():
            carry_out(path, of_file)

    def survey(self, endpoint: Any) -> Survey:
        """In the place of ``product.survey_of``."""
        return Survey(Overlay(endpoint, self.answers))


__all__ = ['Cloud', 'OntapForbiddenError', 'product']
