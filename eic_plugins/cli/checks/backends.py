"""The backends of cinder.conf, as their drivers read them."""

import dataclasses
from pathlib import Path
from typing import Any

from eic_plugins.cli.checks import options, product
from eic_plugins.cli.checks.configuration import Configuration, Section
from eic_plugins.cli.checks.finding import NotSeenError

_KINDS = {'nfs': 'nfs', 'iscsi': 'luns', 'fc': 'luns', 'nvme': 'namespaces'}
_STOCK = 'cinder.volume.drivers.netapp.'
_PORTS = {'https': 443, 'http': 80}


@dataclasses.dataclass(frozen=True)
class Backend:
    """One of ``enabled_backends``."""

    section: Section

    @property
    def name(self) -> str:
        """Its section."""
        return self.section.name

    @property
    def driver(self) -> str:
        """The class that it names."""
        return str(self.get('volume_driver')).strip()

    @property
    def protocol(self) -> str | None:
        """That of its driver, if that is EIC's."""
        return next(
            (key for key, name in product.DRIVERS.items() if name == self.driver), None
        )

    @property
    def of_ontap(self) -> bool:
        """Whether it names a driver of EIC's or NetApp's stock one."""
        return self.driver.startswith(('eic_plugins.', _STOCK))

    @property
    def kind(self) -> str:
        """What its pools hold: ``nfs``, ``luns``, ``namespaces``; '' if its
        driver is not EIC's.
        """
        return _KINDS.get(self.protocol or '', '')

    def get(self, option: str) -> Any:
        """An option's value."""
        return self.section.get(option)

    def endpoint(self) -> product.Endpoint:
        """Its cluster, as the driver reaches it.

        :raises NotSeenError: an option that this takes is missing
        """
        missing = [name for name in self.missing_access() if not self.get(name)]
        if missing:
            raise NotSeenError(
                f'[{self.name}] has no {missing[0]}', 'see what cinder-access says'
            )
        scheme = self.get('netapp_transport_type')
        if scheme != 'https':
            raise NotSeenError(
                f'[{self.name}] has the password of its ONTAP user sent in clear, '
                'which eic check does not do',
                'see what cinder-transport says',
            )
        host, port = self.get('netapp_server_hostname'), self.get('netapp_server_port')
        if self.by_certificate:
            return product.Endpoint(
                host,
                port or _PORTS[scheme],
                scheme,
                cert=self.get('netapp_certificate_file'),
                key=self.get('netapp_private_key_file'),
                verify=self._verify('netapp_ca_certificate_file'),
            )
        return product.Endpoint(
            host,
            port or _PORTS[scheme],
            scheme,
            self.get('netapp_login'),
            self.get('netapp_password'),
            verify=self._verify('netapp_ssl_cert_path'),
        )

    @property
    def by_certificate(self) -> bool:
        """Whether it logs in with a certificate."""
        return bool(
            self.get('netapp_private_key_file') and self.get('netapp_certificate_file')
        )

    def missing_access(self) -> list[str]:
        """The options without which its cluster cannot be reached."""
        wanted = ['netapp_server_hostname', 'netapp_vserver']
        if not self.by_certificate:
            wanted += ['netapp_login', 'netapp_password']
        return [name for name in wanted if not self.get(name)]

    def shares_file(self) -> Path:
        """The file with its shares."""
        return self.section.configuration.resolve(self.get('nfs_shares_config'))

    def shares(self) -> list[str]:
        """The shares of an NFS backend, ``SERVER:/EXPORT``.

        :raises NotSeenError: the file cannot be read
        """
        path = self.shares_file()
        try:
            lines = path.read_text().splitlines()
        except OSError as err:
            raise NotSeenError(
                f'{path} cannot be read: {err.strerror}', 'see what cinder-shares says'
            ) from err
        words = (line.strip().split() for line in lines)
        return [found[0] for found in words if found and not found[0].startswith('#')]

    def _verify(self, option: str) -> bool | str:
        if not self.get('netapp_ssl_cert_verify'):
            return False
        text = self.get(option)
        if not text:
            return True
        path = self.section.configuration.resolve(text)
        if not path.exists():
            raise NotSeenError(
                f'{path} is not there', 'see what cinder-certificate-files says'
            )
        return str(path)


def read_backends(configuration: Configuration) -> list[Backend]:
    """The enabled backends that have a section."""
    found = []
    sections = configuration.sections()
    for name in configuration.get('enabled_backends') or ():
        if name in sections:
            configuration.register(name, options.BACKEND)
            found.append(Backend(Section(configuration, name)))
    configuration.register('backend_defaults', options.BACKEND)
    return found
