"""A plan for each route, and for each reason that speaks against one."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from eic_plugins.model import CINDER_DOWNLOAD
from eic_plugins.ontap.session import (
    OntapForbiddenError,
    OntapRejectedError,
    OntapUnreachableError,
)
from tests.unit.engine.test_plan_properties import World, build, demand, neighbours

PLAIN = World(
    place='images_vol',
    disk_format='raw',
    container='bare',
    hashed=True,
    status='active',
    min_disk=0,
    signed=0,
    verifies=False,
    encrypted=False,
    flexgroup=False,
    limit=False,
    peered=False,
    refused=False,
    denied='',
    known_as_bad=False,
    here='',
    there='',
    elsewhere=False,
)
COPIED = 'cached=not_cached,flexclone=other_flexvol'
FETCHED = 'cached=not_cached,flexclone={0},copy_offload={0},adopt=no_stock_file'
FAR = {'place': 'other cluster'}
SITUATIONS = [
    ({'here': 'cached'}, 'cached', ''),
    ({'place': 'gold_vol'}, 'flexclone', 'cached=not_cached'),
    ({}, 'copy_offload', COPIED),
    ({'place': 'silver', 'peered': True}, 'copy_offload', COPIED),
    (
        {'there': 'cached', **FAR},
        'copy_offload',
        'cached=not_cached,flexclone=other_cluster',
    ),
    (
        {'here': 'stock', **FAR},
        'adopt',
        'cached=not_cached,flexclone=other_cluster,copy_offload=other_cluster',
    ),
    (FAR, 'download', FETCHED.format('other_cluster')),
    ({'place': 'outside'}, 'download', FETCHED.format('location_outside_export')),
    ({'disk_format': 'qcow2'}, 'download', FETCHED.format('format_not_raw')),
    ({'container': 'compressed'}, 'download', FETCHED.format('container_not_bare')),
    (
        {'place': 'silver'},
        'download',
        f'{COPIED},copy_offload=svm_not_peered,adopt=no_stock_file',
    ),
    (
        {'here': 'stock', 'hashed': False, **FAR},
        'download',
        FETCHED.format('other_cluster').replace('no_stock_file', 'no_checksum'),
    ),
    ({'elsewhere': True, **FAR}, 'copy_offload', None),
    ({'container': 'ova'}, CINDER_DOWNLOAD, 'all=container_not_bare'),
    ({'status': 'deactivated'}, CINDER_DOWNLOAD, 'all=image_not_active'),
    ({'min_disk': 2}, CINDER_DOWNLOAD, 'all=image_too_large'),
    ({'signed': 2}, CINDER_DOWNLOAD, 'all=signature_incomplete'),
    ({'encrypted': True}, CINDER_DOWNLOAD, 'all=encrypted'),
    ({'flexgroup': True}, CINDER_DOWNLOAD, 'all=flexgroup'),
    ({'limit': True}, CINDER_DOWNLOAD, 'all=clone_limit_reached'),
    ({'refused': True}, CINDER_DOWNLOAD, 'all=conversion_disabled'),
    ({'known_as_bad': True}, CINDER_DOWNLOAD, 'all=inspection_failed'),
    ({'denied': 'every route'}, CINDER_DOWNLOAD, 'all=permission_denied'),
    (
        {'denied': 'copy_offload'},
        'download',
        f'all=permission_denied,{COPIED},adopt=no_stock_file',
    ),
]


@pytest.mark.parametrize(('given', 'route', 'refused'), SITUATIONS)
def test_the_plan_has_the_route_and_every_refusal(
    tmp_path: Path, given: dict[str, Any], route: str, refused: str | None
) -> None:
    world = dataclasses.replace(PLAIN, **given)
    plan = planned(build(tmp_path, world), world)
    assert plan.route == route
    if refused is not None:
        assert ','.join(map(str, plan.refusals)) == refused


def planned(cluster: Any, world: Any) -> Any:
    return cluster.engine.plan(
        demand(cluster, world),
        cluster.cache_of('gold_vol'),
        neighbours(cluster, cluster.cache_of),
    )


@pytest.mark.parametrize(
    ('error', 'refused'),
    [
        (OntapUnreachableError('no answer in time'), 'all=ontap_unreachable'),
        (OntapRejectedError(500, '1', 'no'), FETCHED.format('lookup_failed')),
        (OntapForbiddenError(403, '6', 'no'), FETCHED.format('permission_denied')),
    ],
)
def test_what_ontap_answers_is_told_as_an_attempt_would_tell_it(
    tmp_path: Path,
    error: OntapForbiddenError | OntapRejectedError | OntapUnreachableError,
    refused: str,
) -> None:
    cluster = build(tmp_path, PLAIN)
    cluster.namespace.where = error
    plan = planned(cluster, PLAIN)
    assert ','.join(map(str, plan.refusals)) == refused
    assert cluster.create().refusals == plan.refusals
