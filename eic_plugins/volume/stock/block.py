"""NetApp's stock block drivers, as EIC uses them: what they keep in their library."""

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cinder.volume import volume_utils
from cinder.volume.drivers.netapp import utils as na_utils

from eic_plugins.model import VolumeProperties
from eic_plugins.support import compat
from eic_plugins.volume.stock import extra_specs, waits
from eic_plugins.volume.stock.interface import CinderDriver, ModelUpdate

_ALLOCATES_SPACE_FROM = (9, 15, 1)

Initiators = Callable[[Mapping[str, Any]], list[str]]
"""This host's initiators, as ONTAP writes them, of what its connector says."""


class StockBlock(CinderDriver, abc.ABC):
    """A :class:`~.interface.StockDriver`, and how its devices get to this host.

    :param driver: one that keeps its work in ``library``
    """

    def __init__(self, driver: Any) -> None:
        super().__init__(driver)
        self._library = driver.library

    @property
    def section(self) -> str:
        """The name of that section."""
        return str(self._library.backend_name)

    @property
    def active_section(self) -> str:
        """Another one after a failover, which the NVMe driver does not have."""
        return getattr(self._library, 'failed_over_backend_name', None) or self.section

    @property
    def runs_as_root(self) -> bool:
        """Devices are root's."""
        return True

    @property
    def svm(self) -> str:
        """The SVM that the driver works on."""
        return str(self._library.vserver)

    @property
    @abc.abstractmethod
    def os_type(self) -> str:
        """The ``os_type`` of new devices."""

    @property
    @abc.abstractmethod
    def client(self) -> Any:
        """The stock driver's client of ONTAP."""

    def learn_pools(self) -> None:
        """By one look at the SVM's FlexVols."""
        self._library._update_ssc()

    def pool_names(self) -> Sequence[str]:
        """The FlexVols that match ``netapp_pool_name_search_pattern``."""
        return tuple(self._library.ssc_library.get_ssc_flexvol_names())

    def cannot_clone(self, host: str) -> bool:
        """An ASA r2 system has no FlexVols to speak of."""
        return bool(
            compat.netapp_option(self.options, 'netapp_disaggregated_platform', False)
        )

    def properties(self, volume: Any) -> VolumeProperties:
        """None, as the stock driver gives a namespace none."""
        return VolumeProperties()

    def finish(self, volume: Any, pool_name: str) -> ModelUpdate:
        """The stock driver finds the device by its name."""
        return {'bootable': True}

    def add_task(
        self, task: Callable[[], None], interval: float, delay: float = 0
    ) -> None:
        """Among the stock driver's own."""
        self._library.loopingcalls.add_task(task, interval, delay)

    def connector_properties(self) -> Any:
        """What this host says of itself."""
        return self._driver.connector_properties()

    def export(self, volume: Any, properties: Any) -> Any:
        """Map a device to this host; how to connect to it.

        :raises OntapBusyError: there is no time to wait as ONTAP says
        """
        with waits.bounded(self.client):
            return self._driver.initialize_connection(volume, properties)

    def end_export(self, volume: Any, properties: Any) -> None:
        """Unmap it.

        :raises OntapBusyError: there is no time to wait as ONTAP says
        """
        with waits.bounded(self.client):
            self._driver.terminate_connection(volume, properties, force=True)

    def connect(self, connection: Any) -> Any:
        """Have os-brick connect to it; the device and its connector.

        :raises DeviceUnavailable: it is there, and cannot be read
        """
        return self._driver._connect_device(connection)

    @abc.abstractmethod
    def forget_device(self, name: str) -> None:
        """Take a device out of the library's table: it gets another name."""


class StockLuns(StockBlock):
    """The stock iSCSI or Fibre Channel driver.

    :param initiators: those of this host, by what its connector says
    """

    def __init__(self, driver: Any, initiators: Initiators) -> None:
        super().__init__(driver)
        self._initiators = initiators

    @property
    def os_type(self) -> str:
        """That of LUNs."""
        return str(self._library.lun_ostype)

    @property
    def client(self) -> Any:
        """Its REST client, under an old name."""
        return self._library.zapi_client

    def finish(self, volume: Any, pool_name: str) -> ModelUpdate:
        """With the state of the volume's replication."""
        update = self._library._get_volume_model_update(volume) or {}
        return {**update, **super().finish(volume, pool_name)}

    def properties(self, volume: Any) -> VolumeProperties:
        """As the stock driver gives them to a new LUN; a QoS spec takes its
        calls to make a policy.

        :raises OntapBusyError: there is no time to wait as ONTAP says
        """
        specs = extra_specs.of(volume)
        return VolumeProperties(
            self._allocates_space(specs.get('netapp:space_allocation')),
            self._qos_policy(volume, specs),
        )

    def _qos_policy(self, volume: Any, specs: dict[str, str]) -> str:
        if extra_specs.name_no_qos(volume, specs):
            return ''
        with waits.bounded(self.client):
            info = self._library._setup_qos_for_volume(volume, specs)
        self.client._validate_qos_policy_group(
            volume_utils.is_boolean_str(
                specs.get('netapp:qos_policy_group_is_adaptive')
            )
            or na_utils.is_qos_policy_group_spec_adaptive(info)
        )
        return na_utils.get_qos_policy_group_name_from_info(info) or ''

    def is_mapped(self, path: str) -> bool:
        """True if a LUN is mapped to any host."""
        with waits.bounded(self.client):
            return bool(self.client.get_lun_map(path))

    def is_mapped_here(self, path: str) -> bool:
        """True if it is mapped to this host."""
        initiators = self._initiators(self.connector_properties())
        if not initiators:
            return False
        with waits.bounded(self.client):
            group, _ = self._library._find_mapped_lun_igroup(path, initiators)
        return bool(group)

    def forget_device(self, name: str) -> None:
        """Out of the table of LUNs."""
        self._library._delete_lun_from_table(name)

    def _allocates_space(self, spec: str | None) -> bool:
        """Without a spec, the stock driver's default of new LUNs."""
        if spec is not None:
            return bool(volume_utils.is_boolean_str(spec))
        version: tuple[int, int, int] = self.client.get_ontap_version(cached=True)
        return compat.luns_allocate_space(version >= _ALLOCATES_SPACE_FROM)


class StockNamespaces(StockBlock):
    """The stock NVMe driver."""

    @property
    def os_type(self) -> str:
        """That of namespaces."""
        return str(self._library.namespace_ostype)

    @property
    def client(self) -> Any:
        """Its REST client."""
        return self._library.client

    def forget_device(self, name: str) -> None:
        """Out of the table of namespaces."""
        self._library.namespace_table.pop(name, None)
