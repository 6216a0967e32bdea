"""What somebody's images are like costs nobody else a boot from a volume."""

import pytest

from tests.functional_nova.conftest import OTHER_PROJECT, load_app
from tests.functional_nova.glance_stub import IMAGES
from tests.functional_nova.requests import HEADER, seen, send, server
from tests.security import odd

ATTACKER = f'mallory:{OTHER_PROJECT}:member,reader'
ODD = {
    **odd.FIELDS,
    # Glance shows custom properties beside its own fields.
    'a property named properties': {'properties': 'x'},
    'properties as a list': {'properties': ['x']},
    'a size in words': {'size': 'large'},
    'no size': {'size': None},
    'formats as lists': {'disk_format': ['raw'], 'container_format': {}},
    'a status of another type': {'status': 7},
    'an opt-in of another type': {'eic_boot_from_volume': ['true']},
    'no id': {'id': None},
    'lone surrogates': {'name': '\ud800', 'os_distro': '\udfff'},
}


def odd_image(monkeypatch, fields):
    """An image that Glance shows with these fields, whatever asks for it."""
    image = {**IMAGES['raw'], **fields}
    monkeypatch.setitem(IMAGES, 'raw', image)
    monkeypatch.setattr(
        'tests.functional_nova.glance_stub.Images.image',
        lambda _stub, _image_id: (200, image),
    )


@pytest.mark.parametrize('name', ODD)
def test_an_odd_image_is_no_failure_of_glance(
    name, filtered_app, glance, failures, monkeypatch
):
    body = server()
    odd_image(monkeypatch, ODD[name])
    answer = send(filtered_app, body, token=ATTACKER)
    assert answer.headers[HEADER] != 'left; reason=internal_error'
    assert failures == []


def test_a_property_named_properties_opts_out_of_nothing(
    plain_app, filtered_app, glance, monkeypatch
):
    body = server()
    odd_image(monkeypatch, ODD['a property named properties'])
    answer = send(filtered_app, body)
    assert answer.headers[HEADER] == 'rewritten; reason=flavor'
    assert seen(answer) == seen(send(plain_app, body))


@pytest.mark.parametrize('status', [400, 401, 403, 404, 409, 410, 413, 414, 422])
def test_what_glance_refuses_is_no_failure_of_glance(
    status, filtered_app, glance, failures
):
    glance.status = status
    assert send(filtered_app, server()).headers[HEADER] == 'left; reason=image_unknown'
    assert failures == []


@pytest.mark.parametrize('status', [429, 500, 502, 503, 504])
def test_what_glance_cannot_do_is(status, filtered_app, glance, failures):
    glance.status = status
    assert (
        send(filtered_app, server()).headers[HEADER]
        == 'left; reason=image_not_looked_up'
    )
    assert len(failures) == 1


@pytest.fixture
def touchy_app(nova_conf, glance_server):
    """A filter that leaves Glance alone after two failures."""
    return load_app(
        nova_conf,
        glance_server[1],
        'touchy',
        lambda sample: sample.replace(
            '[filter:eic]\n', '[filter:eic]\nbreaker_failures = 2\n'
        ),
    )


def test_what_glance_fails_at_is_its_projects_trouble_alone(
    touchy_app, glance, failures
):
    glance.status = 500
    for _ in range(4):
        send(touchy_app, server(), token=ATTACKER)
    assert len(failures) == 2
    glance.status = 200
    assert send(touchy_app, server(), token=ATTACKER).headers[HEADER] == (
        'left; reason=image_not_looked_up'
    )
    assert send(touchy_app, server()).headers[HEADER] == ('rewritten; reason=flavor')
