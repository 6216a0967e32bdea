"""/application/consistency-groups: snapshots of several FlexVols at once."""

from ontap_simulator.models.volumes import FlexVol
from ontap_simulator.records import Record
from ontap_simulator.responses.base import Call
from ontap_simulator.responses.kept import KeptResource, Shape

_PATH = '/application/consistency-groups'


class ConsistencyGroups(KeptResource):
    """Groups of FlexVols of one SVM."""

    def prepare(self, call: Call, record: Record) -> Record:
        svm = call.cluster.svm(record['svm']['name'])
        found = [
            call.cluster.find_volume({'name': each['name']}, svm)
            for each in record.get('volumes', [])
        ]
        return {**record, 'volumes': [volume.reference() for volume in found]}

    def remove(self, call: Call, record: Record) -> None:
        # The snapshots of its FlexVols stay.
        call.cluster.kept.collection('consistency_group_snapshots').remove(
            lambda found: found['consistency_group']['uuid'] == record['uuid']
        )
        super().remove(call, record)


class GroupSnapshots(KeptResource):
    """Snapshots of a group, each of them one of every FlexVol."""

    def prepare(self, call: Call, record: Record) -> Record:
        for volume in _volumes(call):
            call.cluster.snapshots.check_free(volume, record['name'])
        group = GROUPS.addressed(call)
        return {
            'consistency_type': 'crash',
            **record,
            'svm': group['svm'],
            'consistency_group': {'uuid': group['uuid'], 'name': group['name']},
        }

    def add(self, call: Call, record: Record) -> Record:
        for volume in _volumes(call):
            block = call.cluster.block.inside(volume)
            call.cluster.snapshots.create(volume, record['name'], {}, block)
        return super().add(call, record)

    def remove(self, call: Call, record: Record) -> None:
        for volume in _volumes(call):
            for found in call.cluster.snapshots.of(volume):
                if found['name'] == record['name']:
                    call.cluster.snapshots.delete(volume, found['uuid'])
        super().remove(call, record)


GROUPS = ConsistencyGroups(
    Shape(
        'consistency_groups',
        _PATH,
        {'group': 'uuid'},
        required=('name',),
        in_svm='required',
        by_job=True,
    )
)
SNAPSHOTS = GroupSnapshots(
    Shape(
        'consistency_group_snapshots',
        f'{_PATH}/{{group}}/snapshots',
        {'group': 'consistency_group.uuid', 'uuid': 'uuid'},
        required=('name',),
        unique=('name', 'consistency_group.uuid'),
        by_job=True,
    )
)


def _volumes(call: Call) -> list[FlexVol]:
    return [
        call.cluster.volume(each['uuid']) for each in GROUPS.addressed(call)['volumes']
    ]
