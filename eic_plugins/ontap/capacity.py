"""How large a FlexVol is, and how much of it is free."""

from eic_plugins.model import FlexVol
from eic_plugins.ontap.session import OntapError, OntapSession

_FIELDS = 'space.available,space.afs_total'
"""What the stock driver reports of a pool (its ``get_flexvol_capacity``)."""


class Capacities:
    """Asked for in a session of EIC's own.

    The stock driver's would do as well, but its HTTP client waits as long as an answer
    of 429 says, an hour if need be, and so would the volume.
    """

    def __init__(self, session: OntapSession) -> None:
        self._session = session

    def capacity(self, flexvol: FlexVol) -> tuple[int, int]:
        """Bytes in all, and bytes that are free.

        :raises OntapError: ONTAP did not say
        """
        record = self._session.get(
            f'/api/storage/volumes/{flexvol.uuid}', fields=_FIELDS
        )
        space = record.get('space', {})
        try:
            return int(space['afs_total']), int(space['available'])
        except KeyError as err:
            raise OntapError(
                f'FlexVol {flexvol.name} has no {err} in its space'
            ) from err
