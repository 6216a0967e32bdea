"""The planner takes the cheapest route and says why not a cheaper one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.engine import routes
from eic_plugins.engine.planner import choose
from eic_plugins.model import CINDER_DOWNLOAD, Reason, Refusal, Source
from tests.unit.factories import cached, image, pool, situation, stored

ROUTES = routes.load()


def reasons(plan: Any) -> Any:
    return {str(refusal.subject): refusal.reason for refusal in plan.refusals}


def test_a_cached_image_is_cloned_whatever_else_there_is() -> None:
    here = pool()
    plan = choose(ROUTES, situation(cached=cached(here), copies=(stored('gold_vol'),)))
    assert plan.route == 'cached'
    assert plan.source.stored == here.stored(image().cached_name)
    assert plan.refusals == ()


def test_an_image_in_the_pools_flexvol_is_cloned_from_there() -> None:
    far, near = stored('images_vol'), stored('gold_vol')
    plan = choose(ROUTES, situation(copies=(far, near)))
    assert (plan.route, plan.source) == ('flexclone', Source(near))
    assert reasons(plan) == {'cached': Reason.NOT_CACHED}


def test_an_image_in_another_flexvol_of_the_svm_is_copied_by_the_cluster() -> None:
    copy = stored('images_vol')
    plan = choose(ROUTES, situation(copies=(copy,)))
    assert (plan.route, plan.source) == ('copy_offload', Source(copy))
    assert reasons(plan)['flexclone'] is Reason.OTHER_FLEXVOL


def test_another_pools_cached_image_serves_as_source_of_the_copy() -> None:
    there = cached(pool('silver_vol'))
    plan = choose(ROUTES, situation(cached_elsewhere=(there,)))
    assert (plan.route, plan.source) == ('copy_offload', Source(there.stored, there))


def test_a_converted_image_is_copied_from_where_it_was_converted() -> None:
    qcow2 = image(disk_format='qcow2', virtual_size=1024)
    there = cached(pool('silver_vol'), qcow2)
    plan = choose(
        ROUTES, situation(image=qcow2, copies=(stored(),), cached_elsewhere=(there,))
    )
    assert (plan.route, plan.source) == ('copy_offload', Source(there.stored, there))
    assert reasons(plan)['flexclone'] is Reason.FORMAT_NOT_RAW


def test_another_svm_without_peering_is_left_to_the_download() -> None:
    plan = choose(ROUTES, situation(copies=(stored(svm='svm_silver'),)))
    assert plan.route == 'download'
    assert reasons(plan)['copy_offload'] is Reason.SVM_NOT_PEERED


def test_a_peered_svm_is_copied_from() -> None:
    copy = stored(svm='svm_silver')
    plan = choose(
        ROUTES, situation(copies=(copy,), peered_svms=frozenset({'svm_silver'}))
    )
    assert (plan.route, plan.source) == ('copy_offload', Source(copy))


def test_the_pools_own_svm_is_nearer_than_a_peered_one() -> None:
    far, near = stored(svm='svm_silver'), stored()
    plan = choose(
        ROUTES, situation(copies=(far, near), peered_svms=frozenset({'svm_silver'}))
    )
    assert plan.source == Source(near)


def test_a_peering_reaches_no_other_cluster() -> None:
    far = stored(svm='svm_silver', cluster='cluster-b')
    plan = choose(
        ROUTES, situation(copies=(far,), peered_svms=frozenset({'svm_silver'}))
    )
    assert plan.route == 'download'


def test_another_cluster_is_named_as_the_reason() -> None:
    unusable = (Refusal.of_location(Reason.OTHER_CLUSTER),)
    plan = choose(ROUTES, situation(unusable=unusable))
    assert plan.route == 'download'
    assert reasons(plan) == {
        'cached': Reason.NOT_CACHED,
        'flexclone': Reason.OTHER_CLUSTER,
        'copy_offload': Reason.OTHER_CLUSTER,
        'adopt': Reason.NO_STOCK_FILE,
    }


def test_no_location_is_named_as_the_reason() -> None:
    assert reasons(choose(ROUTES, situation()))['flexclone'] is Reason.NO_LOCATION


@pytest.mark.parametrize(
    ('fields', 'reason'),
    [
        ({'image': image(status='queued')}, Reason.IMAGE_NOT_ACTIVE),
        ({'image': image(container_format='ova')}, Reason.CONTAINER_NOT_BARE),
        ({'image': image(size=2 << 30)}, Reason.IMAGE_TOO_LARGE),
        ({'image': image(virtual_size=2 << 30)}, Reason.IMAGE_TOO_LARGE),
        ({'image': image(min_disk=2)}, Reason.IMAGE_TOO_LARGE),
        (
            {'image': image(properties={'img_signature': 'x'})},
            Reason.SIGNATURE_INCOMPLETE,
        ),
        ({'clone_limit_reached': True}, Reason.CLONE_LIMIT_REACHED),
        (
            {'image': image(properties={'cinder_encryption_key_id': 'x'})},
            Reason.ENCRYPTED,
        ),
        ({'volume_encrypted': True}, Reason.ENCRYPTED),
        ({'pool_is_flexgroup': True}, Reason.FLEXGROUP),
    ],
)
def test_bytes_that_must_go_through_cinder_are_left_to_it(
    fields: dict[str, Any], reason: Reason
) -> None:
    here = situation(copies=(stored('gold_vol'),), cached=cached(pool()), **fields)
    plan = choose(ROUTES, here)
    assert plan.route == CINDER_DOWNLOAD
    assert reasons(plan) == {'all': reason}


places = st.builds(
    stored,
    st.sampled_from(['gold_vol', 'images_vol', 'x']),
    svm=st.sampled_from(['svm_gold', 'svm_silver']),
    cluster=st.sampled_from(['cluster-a', 'cluster-b']),
)


@given(
    copies=st.lists(places, max_size=4),
    disk_format=st.sampled_from(['raw', 'qcow2', None]),
    has_cached=st.booleans(),
    encrypted=st.booleans(),
)
def test_every_plan_has_a_source_or_reasons(
    copies: Any, disk_format: Any, has_cached: Any, encrypted: Any
) -> None:
    here = pool()
    plan = choose(
        ROUTES,
        situation(
            image=image(disk_format=disk_format),
            pool=here,
            copies=tuple(copies),
            cached=cached(here) if has_cached else None,
            volume_encrypted=encrypted,
        ),
    )
    if plan.left_to_cinder:
        assert encrypted
        assert plan.source is None
        assert plan.refusals
        return
    assert not encrypted
    assert len(plan.refusals) == [r.name for r in ROUTES].index(plan.route)
    if plan.source is not None:
        assert plan.source.stored.flexvol.cluster == here.flexvol.cluster
        assert plan.source.stored.flexvol.svm == here.flexvol.svm


@given(copies=st.lists(places, min_size=1, max_size=4))
def test_the_order_of_locations_never_changes_the_route(copies: Any) -> None:
    forward = choose(ROUTES, situation(copies=tuple(copies)))
    backward = choose(ROUTES, situation(copies=tuple(reversed(copies))))
    assert forward.route == backward.route


def test_a_file_of_the_stock_driver_is_adopted_if_a_checksum_can_prove_it() -> None:
    file = pool().stored(image().cached_name)
    known = image(os_hash_algo='sha512')
    plan = choose(ROUTES, situation(image=known, stock_file=file))
    assert (plan.route, plan.source) == ('adopt', Source(file))
    assert choose(ROUTES, situation(stock_file=file)).route == 'download'


def test_a_converted_file_of_the_stock_driver_proves_nothing() -> None:
    qcow2 = image(disk_format='qcow2', virtual_size=1024, os_hash_algo='sha512')
    plan = choose(
        ROUTES, situation(image=qcow2, stock_file=pool().stored(qcow2.cached_name))
    )
    assert plan.route == 'download'
    assert reasons(plan)['adopt'] is Reason.NO_CHECKSUM


def test_a_compressed_raw_image_is_no_raw_file() -> None:
    compressed = image(container_format='compressed', size=100)
    plan = choose(ROUTES, situation(image=compressed, copies=(stored('gold_vol'),)))
    assert plan.route == 'download'
    assert reasons(plan)['flexclone'] is Reason.CONTAINER_NOT_BARE


def test_without_a_volume_no_image_is_too_large() -> None:
    plan = choose(
        ROUTES,
        situation(
            image=image(size=9 << 40), volume_size=None, copies=(stored('gold_vol'),)
        ),
    )
    assert plan.route == 'flexclone'
