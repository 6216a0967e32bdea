"""/storage/qtrees: directories at the root of a FlexVol."""

from ontap_simulator.errors.common import OntapError
from ontap_simulator.models.files import file_errors
from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record, merge, value
from ontap_simulator.responses.base import Call
from ontap_simulator.responses.export_policies import check_exists
from ontap_simulator.responses.kept import KeptResource, Shape

_NO_VOLUME = '918232'
_MODE = 0o755
_OCTAL = 8
_DEFAULTS: Record = {'security_style': 'unix', 'export_policy': {'name': 'default'}}


class Qtrees(KeptResource):
    """Each FlexVol has one without a name, of the number 0: itself."""

    def visible(self, call: Call) -> list[Record]:
        found = []
        for volume in call.volumes():
            found.append(_own(volume))
            found += [
                record
                for record in self.records(call).all()
                if record['volume']['uuid'] == volume.uuid
            ]
        return [record for record in found if self._is_within(call, record)]

    def prepare(self, call: Call, record: Record) -> Record:
        svm = call.cluster.svm(record['svm']['name'])
        check_exists(call, value(record, 'export_policy.name'), svm.name)
        volume = call.cluster.find_volume(_reference(record), svm)
        mode = int(str(record.get('unix_permissions', 755)), _OCTAL)
        with file_errors(record['name']):
            volume.directory.make_directory(record['name'], mode)
        number = 1 + max(
            found['id']
            for found in [_own(volume), *self.records(call).all()]
            if found['volume']['uuid'] == volume.uuid
        )
        defaults: Record = {}
        merge(defaults, _DEFAULTS)
        merge(defaults, record)
        return {**defaults, 'id': number, 'volume': _short(volume)}

    def change(self, call: Call, old: Record, new: Record) -> None:
        check_exists(call, value(new, 'export_policy.name'), new['svm']['name'])
        volume = call.cluster.volume(old['volume']['uuid'])
        if new['name'] != old['name']:
            call.cluster.files.rename(volume, old['name'], new['name'])
        super().change(call, old, new)

    def remove(self, call: Call, record: Record) -> None:
        if record['id'] == 0:
            raise OntapError('The default qtree cannot be deleted.', code='5242951')
        volume = call.cluster.volume(record['volume']['uuid'])
        call.cluster.files.delete(volume, record['name'], recurse=True)
        super().remove(call, record)

    def shown(self, call: Call, record: Record) -> Record:
        shown = super().shown(call, record)
        shown.pop('uuid', None)
        volume = call.cluster.volume(record['volume']['uuid'])
        shown['volume'] = _short(volume)
        if volume.junction_path:
            parts = (volume.junction_path.rstrip('/'), record['name'])
            path = '/'.join(part for part in parts if part)
            shown |= {'path': path, 'nas': {'path': path}}
        return shown


QTREES = Qtrees(
    Shape(
        'qtrees',
        '/storage/qtrees',
        {'volume': 'volume.uuid', 'id': 'id'},
        required=('name', 'volume'),
        unique=('name', 'volume.uuid'),
        fixed=('volume.uuid', 'svm.name', 'id'),
        identity=('id', 'name', 'volume', 'svm'),
        in_svm='required',
        by_job=True,
    )
)


def _own(volume: FlexVol) -> Record:
    return {
        **_DEFAULTS,
        'id': 0,
        'name': '',
        'volume': _short(volume),
        'svm': volume.svm.reference(),
        'unix_permissions': 755,
    }


def _short(volume: FlexVol) -> Record:
    return {'name': volume.name, 'uuid': volume.uuid}


def _reference(record: Record) -> Record:
    volume = value(record, 'volume', default={})
    if not (volume.get('uuid') or volume.get('name')):
        raise OntapError('No volume was specified.', code=_NO_VOLUME, target='volume')
    return {key: volume[key] for key in ('name', 'uuid') if key in volume}
