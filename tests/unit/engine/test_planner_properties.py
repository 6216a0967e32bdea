"""For any situation: the cheapest route, and why not a cheaper one."""

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from eic_plugins.engine import routes
from eic_plugins.engine.planner import bytes_refusal, choose
from eic_plugins.model import (
    CINDER_DOWNLOAD,
    SIGNATURE_PROPERTIES,
    CachedImage,
    Offer,
    Reason,
    Refusal,
    Source,
)
from tests.unit.factories import GIB, image, pool, situation, stored
from tests.unit.profile import STABLE

ROUTES = routes.load()
COSTS = {route.name: route.cost for route in ROUTES}
CLEAN_COSTS = {**COSTS, CINDER_DOWNLOAD: max(COSTS.values()) + 1}
HERE = pool()
LOCAL = ('cached', 'flexclone', 'adopt')
"""Routes whose source is in the pool's own FlexVol."""

PATHS = st.sampled_from(['a', 'b/c'])
near = st.builds(stored, st.just('gold_vol'), PATHS)
beside = st.builds(stored, st.sampled_from(['images_vol', 'silver_vol']), PATHS)
anywhere = st.builds(
    stored,
    st.sampled_from(['gold_vol', 'images_vol']),
    PATHS,
    svm=st.sampled_from(['svm_gold', 'svm_silver', 'svm_bronze']),
    cluster=st.sampled_from(['cluster-a', 'cluster-a', 'cluster-b']),
)
places = st.builds(
    lambda place, more: dataclasses.replace(place, more_follows=more),
    st.one_of(near, beside, anywhere),
    st.booleans(),
)


far = st.builds(stored, st.just('gold_vol'), PATHS, cluster=st.just('cluster-b'))
LIKELY = {
    'cached': places,
    'flexclone': st.one_of(near, places),
    'copy_offload': st.one_of(beside, anywhere),
    'adopt': far,
    'download': far,
}
"""Copies that leave each route its turn."""


def few(strategy: Any) -> Any:
    """None as often as some."""
    return st.one_of(st.just([]), st.lists(strategy, min_size=1, max_size=3))


unusable = st.builds(
    Refusal,
    st.sampled_from(['location', 'file', 'cinder']),
    st.sampled_from(
        [Reason.OTHER_CLUSTER, Reason.LOCATION_INVALID, Reason.IMAGE_VOLUME_NOT_FOUND]
    ),
)
signatures = st.sets(st.sampled_from(SIGNATURE_PROPERTIES)).map(
    lambda keys: dict.fromkeys(keys, 'x')
)
plain_images = st.builds(
    image,
    disk_format=st.sampled_from(['raw'] * 8 + ['qcow2', None]),
    container_format=st.sampled_from(['bare'] * 8 + ['compressed']),
    size=st.sampled_from([1, GIB]),
    os_hash_algo=st.sampled_from(['sha512'] * 4 + [None]),
)
images = st.builds(
    dataclasses.replace,
    plain_images,
    status=st.sampled_from(['active'] * 9 + ['queued']),
    size=st.sampled_from([1, GIB, GIB, 2 * GIB]),
    virtual_size=st.sampled_from([None, None, GIB, 3 * GIB]),
    min_disk=st.sampled_from([0] * 5 + [2]),
    properties=st.one_of(
        *[st.just({})] * 6, signatures, st.just({'cinder_encryption_key_id': 'x'})
    ),
)


@st.composite
def situations(
    draw: Any,
    of: Any = images,
    sizes: Any = (None, 1, 2, 4, 4),
    rarely: Any = (False,) * 19 + (True,),
) -> Any:
    of, likely = draw(of), draw(st.sampled_from(sorted(LIKELY)))
    somewhere = LIKELY[likely]

    def cached_in(file: Any) -> Any:
        return CachedImage(
            dataclasses.replace(file, path=of.cached_name),
            of.identity,
            draw(st.sampled_from([1, GIB, 2 * GIB])),
            draw(st.booleans()),
        )

    own = HERE.stored(of.cached_name)
    elsewhere = [
        place for place in draw(few(somewhere)) if place.flexvol != HERE.flexvol
    ]
    return situation(
        image=of,
        pool=HERE,
        volume_size=draw(st.sampled_from(sizes)),
        copies=tuple(draw(few(somewhere))),
        unusable=tuple(draw(few(unusable))),
        cached=cached_in(own) if likely == 'cached' else None,
        cached_elsewhere=tuple(cached_in(place) for place in elsewhere),
        stock_file=own if draw(st.booleans()) else None,
        peered_svms=frozenset(
            draw(st.sets(st.sampled_from(['svm_silver', 'svm_bronze'])))
        ),
        volume_encrypted=draw(st.sampled_from(rarely)),
        pool_is_flexgroup=draw(st.sampled_from(rarely)),
        clone_limit_reached=draw(st.sampled_from(rarely)),
    )


UNBLOCKED = situations(plain_images, (None, 2, 4), (False,))


@STABLE
@given(UNBLOCKED)
def test_nothing_blocks_what_nothing_is_wrong_with(here: Any) -> None:
    assert bytes_refusal(here) is None


@STABLE
@given(UNBLOCKED)
def test_the_route_chosen_is_the_cheapest_that_is_offered(here: Any) -> None:
    offers = [
        answer
        for answer in (route.offer(here) for route in ROUTES)
        if isinstance(answer, Offer)
    ]
    cheapest = min(offers, key=lambda offer: offer.cost)
    plan = choose(ROUTES, here)
    assert (plan.route, plan.source) == (cheapest.route, cheapest.source)


@STABLE
@given(UNBLOCKED)
def test_every_cheaper_route_has_one_refusal_and_no_other_has(here: Any) -> None:
    plan = choose(ROUTES, here)
    assert [refusal.route for refusal in plan.refusals] == [
        route.name for route in ROUTES if route.cost < COSTS[plan.route]
    ]


@STABLE
@given(
    UNBLOCKED,
    st.sampled_from(
        [
            {'volume_encrypted': True},
            {'pool_is_flexgroup': True},
            {'clone_limit_reached': True},
            {'image': image(status='queued')},
            {'image': image(container_format='ova')},
            {'image': image(size=5 * GIB), 'volume_size': 4},
            {'image': image(min_disk=5), 'volume_size': 4},
            {'image': image(properties={'cinder_encryption_key_id': 'x'})},
            {'image': image(properties={'img_signature': 'x'})},
        ]
    ),
)
def test_a_blocked_image_is_left_to_cinder_with_exactly_one_reason(
    here: Any, fields: Any
) -> None:
    blocked = dataclasses.replace(here, **fields)
    plan = choose(ROUTES, blocked)
    assert (plan.route, plan.source) == (CINDER_DOWNLOAD, None)
    assert plan.refusals == (Refusal.of_everything(bytes_refusal(blocked)),)


@STABLE
@given(situations())
def test_whatever_is_blocked_is_left_to_cinder(here: Any) -> None:
    blocked = bytes_refusal(here)
    plan = choose(ROUTES, here)
    assert plan.left_to_cinder == (blocked is not None)
    if blocked:
        assert plan.refusals == (Refusal.of_everything(blocked),)


@STABLE
@given(situations())
def test_no_route_hands_out_more_than_fits_or_what_is_encrypted(here: Any) -> None:
    plan = choose(ROUTES, here)
    if plan.left_to_cinder:
        return
    assert not here.volume_encrypted and not here.image.encrypted
    assert not here.pool_is_flexgroup
    if here.volume_size is not None:
        assert here.image.raw_size <= here.volume_size * GIB
        assert here.image.min_disk <= here.volume_size


@STABLE
@given(UNBLOCKED)
def test_a_source_is_on_the_pools_cluster_and_where_its_route_reaches(
    here: Any,
) -> None:
    plan = choose(ROUTES, here)
    if plan.source is None:
        assert plan.route in {'download', CINDER_DOWNLOAD}
        return
    there, own = plan.source.stored.flexvol, HERE.flexvol
    assert there.cluster == own.cluster
    if plan.route in LOCAL:
        assert there == own
    else:
        assert there != own
        assert there.svm == own.svm or there.svm in here.peered_svms


@STABLE
@given(UNBLOCKED)
def test_a_source_is_raw_and_one_that_was_given(here: Any) -> None:
    plan = choose(ROUTES, here)
    if plan.source is None:
        return
    cached = {
        Source(image.stored, image)
        for image in (*here.cached_elsewhere, here.cached)
        if image
    }
    as_they_are = {Source(copy) for copy in (*here.copies, here.stock_file) if copy}
    if plan.source in cached:
        return
    assert plan.source in as_they_are
    assert here.image.plainly_raw


@STABLE
@given(UNBLOCKED, places)
def test_one_more_copy_never_makes_a_plan_costlier(here: Any, copy: Any) -> None:
    more = dataclasses.replace(here, copies=(*here.copies, copy))
    assert (
        CLEAN_COSTS[choose(ROUTES, more).route]
        <= (CLEAN_COSTS[choose(ROUTES, here).route])
    )


@STABLE
@given(UNBLOCKED, unusable)
def test_one_more_useless_location_changes_no_plan(here: Any, refusal: Any) -> None:
    more = dataclasses.replace(here, unusable=(*here.unusable, refusal))
    plan, other = choose(ROUTES, here), choose(ROUTES, more)
    assert (plan.route, plan.source) == (other.route, other.source)


@STABLE
@given(UNBLOCKED, st.randoms(use_true_random=False))
def test_the_order_of_anything_changes_no_more_than_a_choice_of_equals(
    here: Any, random: Any
) -> None:
    plan = choose(ROUTES, here)
    assert choose(ROUTES, here) == plan
    shuffled = dataclasses.replace(
        here,
        **{
            field: tuple(random.sample(getattr(here, field), len(getattr(here, field))))
            for field in ('copies', 'cached_elsewhere')
        },
    )
    other = choose(random.sample(ROUTES, len(ROUTES)), shuffled)
    assert (other.route, other.refusals) == (plan.route, plan.refusals)
    if plan.source:
        own = HERE.flexvol.svm
        assert (other.source.stored.flexvol.svm == own) == (
            plan.source.stored.flexvol.svm == own
        )


@STABLE
@given(UNBLOCKED)
def test_the_same_copy_twice_is_the_same_copy(here: Any) -> None:
    twice = dataclasses.replace(here, copies=here.copies * 2)
    assert choose(ROUTES, twice) == choose(ROUTES, here)


@STABLE
@given(UNBLOCKED)
def test_a_plan_holds_without_the_route_that_failed(here: Any) -> None:
    """The engine takes a route out and plans again until one works."""
    left = list(ROUTES)
    while left:
        plan = choose(left, here)
        if plan.left_to_cinder:
            assert len(plan.refusals) == len(left)
            return
        left = [route for route in left if route.name != plan.route]
    assert choose(left, here).left_to_cinder
