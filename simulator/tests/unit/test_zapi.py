"""The two calls that Cinder's ZAPI client makes when it starts."""

from xml.etree import ElementTree as ET

import pytest

from tests.unit.conftest import Api

PATH = '/servlets/netapp.servlets.admin.XMLrequest_filer'
NETAPP = '{http://www.netapp.com/filer/admin}'


def call(api: Api, name: str) -> ET.Element:
    answer = api.post(
        PATH,
        f'<netapp xmlns="http://www.netapp.com/filer/admin"><{name}/></netapp>'.encode(),
    )
    assert (answer.status_int, answer.content_type) == (200, 'text/xml')
    return ET.fromstring(answer.body)[0]  # noqa: S314 - our own


def texts(element: ET.Element) -> list[str]:
    return [text.strip() for text in element.itertext() if text.strip()]


def test_the_version_of_the_interface(api: Api) -> None:
    results = call(api, 'system-get-ontapi-version')
    assert results.get('status') == 'passed'
    assert texts(results) == ['1', '250']


def test_the_version_of_ontap(api: Api) -> None:
    results = call(api, 'system-get-version')
    numbers = results.find(f'{NETAPP}version-tuple/{NETAPP}system-version-tuple')
    assert numbers is not None
    assert texts(numbers) == ['9', '15', '1']


def test_there_is_no_other_call(api: Api) -> None:
    results = call(api, 'volume-get-iter')
    assert (results.get('status'), results.get('errno')) == ('failed', '13005')
    assert 'volume-get-iter' in results.get('reason', '')


@pytest.mark.parametrize(
    'body',
    [b'', b'no xml', b'<netapp/>', b'<!DOCTYPE a [<!ENTITY b "b">]><a><b/></a>'],
)
def test_what_is_no_call_is_refused(api: Api, body: bytes) -> None:
    answer = api.post(PATH, body)
    assert answer.status_int == 400
    assert answer.json['error']['code'] == '262197'
