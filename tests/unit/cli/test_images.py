"""An image is cloned as it is, or the advice says what raw would change."""

from typing import Any

import pytest

from eic_plugins.cli.cloud import CloudError
from eic_plugins.cli.flexvols import BackendSvm, Found, find
from eic_plugins.cli.image_files import ImageFile, ImageFiles
from eic_plugins.cli.images import Advice, advice
from eic_plugins.glance.image_locations import Location
from eic_plugins.glance.locations import LocationReader
from eic_plugins.model import FlexVol, Image, Pool, Reason, Refusal, StoredObject
from eic_plugins.ontap.namespace import UnknownShareError
from eic_plugins.ontap.session import OntapUnreachableError

GIB = 1 << 30
SECRET = 'nfs://filer.example.org/images/7d3a3f0e-0000-4000-8000-000000000000'


class Namespace:
    """One FlexVol, or a cluster that does not answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked = 0

    def locate(self, _copy: object) -> Any:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, Refusal):
            return self.answer
        return StoredObject(self.answer, 'file')

    def flexvol(self, name: str) -> FlexVol:
        if isinstance(self.answer, FlexVol) and self.answer.name == name:
            return self.answer
        raise (
            self.answer
            if isinstance(self.answer, Exception)
            else UnknownShareError(f'no FlexVol {name}')
        )

    def pool(self, share: str) -> Pool:
        return Pool(share, self.answer, '')


class Nobody:
    """Glance with one place for every image."""

    def __init__(self, *urls: str) -> None:
        self._urls = urls

    def find(self, _image_id: str) -> tuple[Location, ...]:
        return tuple(Location(url, {}) for url in self._urls)


def flexvol(uuid: str, name: str = 'gold') -> FlexVol:
    return FlexVol('cluster', 'svm', name, uuid, '/gold')


def svm(answer: Any, *sections: str) -> BackendSvm:
    namespace: Any = Namespace(answer)
    efficiency: Any = None
    return BackendSvm('svm', sections, True, namespace, efficiency, answer)


def file_of(svms: list[BackendSvm], *urls: str) -> ImageFile:
    reader = LocationReader.from_entry_points()
    return ImageFiles(svms, Nobody(*urls), reader).of('i')


def image(disk_format: str = 'raw', **more: Any) -> Image:
    fields = {
        'id': 'i',
        'status': 'active',
        'container_format': 'bare',
        'size': GIB,
        'virtual_size': 8 * GIB,
    }
    return Image(disk_format=disk_format, **{**fields, **more})


HERE = ImageFile(Found(svm(flexvol('u')), 'u'))
ELSEWHERE = ImageFile(reason=Reason.OTHER_CLUSTER)
IN_VOLUME = ImageFile(in_volume=True)
UNREACHABLE = ImageFile(reason=Reason.ONTAP_UNREACHABLE)


def costs(found: Advice) -> tuple[object, ...]:
    return (
        found.clones,
        found.reason,
        found.downloaded,
        found.converted,
        found.downloaded_if_raw,
    )


@pytest.mark.parametrize(
    ('asked', 'file', 'expected'),
    [
        (image(), HERE, ('yes', None, 0, 0, 0)),
        (image(), ELSEWHERE, ('no', Reason.OTHER_CLUSTER, GIB, 0, GIB)),
        (image(), ImageFile(), ('no', Reason.NO_LOCATION, GIB, 0, GIB)),
        (image(), IN_VOLUME, ('unknown', None, None, 0, None)),
        (
            image(),
            UNREACHABLE,
            ('unknown', Reason.ONTAP_UNREACHABLE, None, 0, None),
        ),
        (image('qcow2'), HERE, ('no', Reason.FORMAT_NOT_RAW, GIB, 8 * GIB, 0)),
        (
            image('qcow2'),
            ELSEWHERE,
            ('no', Reason.FORMAT_NOT_RAW, GIB, 8 * GIB, 8 * GIB),
        ),
        (
            image('qcow2', virtual_size=None),
            HERE,
            ('no', Reason.FORMAT_NOT_RAW, GIB, None, 0),
        ),
        (
            image('qcow2'),
            UNREACHABLE,
            ('no', Reason.FORMAT_NOT_RAW, GIB, 8 * GIB, None),
        ),
        (
            image(container_format='ova'),
            HERE,
            ('no', Reason.CONTAINER_NOT_BARE, GIB, 8 * GIB, 0),
        ),
        (
            image(status='queued'),
            HERE,
            ('no', Reason.IMAGE_NOT_ACTIVE, None, None, None),
        ),
    ],
)
def test_what_an_image_costs_now_and_as_raw(
    asked: Image, file: ImageFile, expected: tuple[object, ...]
) -> None:
    assert costs(advice(asked, file)) == expected


def test_the_advice_has_the_numbers() -> None:
    sentence = advice(image('qcow2'), HERE).sentence
    assert f'{GIB} bytes are downloaded and converted to {8 * GIB} bytes' in sentence
    assert 'Stored as raw' in sentence


def test_a_file_on_any_of_the_clusters_is_found() -> None:
    other = svm(Refusal.of_location(Reason.OTHER_CLUSTER))
    found = file_of([other, svm(flexvol('u'))], SECRET).found
    assert found is not None
    assert found.uuid == 'u'


@pytest.mark.parametrize(
    ('answers', 'urls', 'reason'),
    [
        ([], (), Reason.NO_LOCATION),
        ([Reason.OTHER_CLUSTER], (SECRET,), Reason.OTHER_CLUSTER),
        (
            [Reason.OTHER_CLUSTER, Reason.LOCATION_OUTSIDE_EXPORT],
            (SECRET,),
            Reason.LOCATION_OUTSIDE_EXPORT,
        ),
        ([], ('http://example.org/x',), Reason.LOCATION_UNSUPPORTED),
    ],
)
def test_a_file_that_is_nowhere_has_the_reason_that_tells_most(
    answers: list[Reason], urls: tuple[str, ...], reason: Reason
) -> None:
    svms = [svm(Refusal.of_location(each)) for each in answers]
    assert file_of(svms, *urls) == ImageFile(reason=reason)


def test_an_image_in_a_cinder_volume_is_not_looked_for() -> None:
    url = 'cinder://7d3a3f0e-0000-4000-8000-000000000000'
    assert file_of([svm(flexvol('u'))], url) == IN_VOLUME


def test_a_cluster_that_does_not_answer_is_asked_once() -> None:
    silent = svm(OntapUnreachableError('no answer'))
    files = ImageFiles([silent], Nobody(SECRET), LocationReader.from_entry_points())
    assert [files.of('i'), files.of('i')] == [UNREACHABLE] * 2
    namespace: Any = silent.namespace
    assert namespace.asked == 1


ONE, TWO = svm(flexvol('1'), 'one', 'same'), svm(flexvol('2'), 'two')


@pytest.mark.parametrize(
    ('name', 'uuid'),
    [
        ('host@one#gold', '1'),
        ('cluster@two#gold', '2'),
        ('two#gold', '2'),
        ('h@one#10.0.0.1:/gold', '1'),
        ('h@same#[fd00::1]:/gold', '1'),
    ],
)
def test_a_pool_is_found_as_the_scheduler_names_it(name: str, uuid: str) -> None:
    assert [each.uuid for each in find([ONE, TWO], [name])] == [uuid]


def test_a_flexvol_that_is_named_twice_is_one() -> None:
    assert len(find([ONE, TWO], ['one#gold', 'same#gold'])) == 1


@pytest.mark.parametrize(
    ('name', 'why'),
    [
        ('gold', 'BACKEND#gold'),
        ('none', 'no FlexVol none'),
        ('h@three#gold', 'one, same, two'),
    ],
)
def test_a_name_that_says_not_enough_is_an_error(name: str, why: str) -> None:
    with pytest.raises(CloudError, match=why):
        find([ONE, TWO], [name])


def test_a_cluster_that_is_silent_is_named_if_nothing_is_found() -> None:
    with pytest.raises(CloudError, match='no answer'):
        find([svm(OntapUnreachableError('no answer'), 'one')], ['gold'])
