"""The two ZAPI calls with which Cinder's stock drivers start; nothing else.

At their default (``netapp_allow_zapi_fallback = True``) these drivers make a ZAPI
client beside the REST client, which asks for its version and ONTAP's. Any other
call gets error 13005, as a cluster answers that does not know it.

Inferred: which ONTAPI version an ONTAP release has. The drivers only compare it
with versions that every release here is above.
"""

import re
from xml.etree import ElementTree as ET

from ontap_simulator.errors.common import InvalidValueError

PATH = '/servlets/netapp.servlets.admin.XMLrequest_filer'
_NAMESPACE = 'http://www.netapp.com/filer/admin'
_NO_SUCH_API = '13005'


def answer(body: bytes, version: str) -> bytes:
    """The XML that answers a request.

    :param version: ONTAP's, as ``9.15.1``
    :raises InvalidValueError: the request is no XML of one call
    """
    call = _call(body)
    root = ET.Element('netapp', {'version': _ontapi(version), 'xmlns': _NAMESPACE})
    if call == 'system-get-ontapi-version':
        major, _, minor = _ontapi(version).partition('.')
        results = _passed(root)
        _text(results, 'major-version', major)
        _text(results, 'minor-version', minor)
    elif call == 'system-get-version':
        _version(_passed(root), version)
    else:
        ET.SubElement(
            root,
            'results',
            {
                'status': 'failed',
                'errno': _NO_SUCH_API,
                'reason': f'Unable to find API: {call}',
            },
        )
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root)


def _call(body: bytes) -> str:
    # A declared entity could grow without end, and ZAPI has none.
    if b'<!' in body:
        raise InvalidValueError('body', 'XML with a declaration')
    try:
        request = ET.fromstring(body)  # noqa: S314 - without entities, see above
    except ET.ParseError as err:
        raise InvalidValueError('body', 'no XML') from err
    for element in request:
        return re.sub(r'^\{.*\}', '', element.tag)
    raise InvalidValueError('body', 'no call')


def _passed(root: ET.Element) -> ET.Element:
    return ET.SubElement(root, 'results', {'status': 'passed'})


def _version(results: ET.Element, version: str) -> None:
    _text(results, 'version', f'NetApp Release {version}')
    pair = ET.SubElement(results, 'version-tuple')
    numbers = ET.SubElement(pair, 'system-version-tuple')
    for name, number in zip(
        ('generation', 'major', 'minor'), version.split('.'), strict=True
    ):
        _text(numbers, name, number)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _ontapi(version: str) -> str:
    return f'1.{100 + 10 * int(version.split(".")[1])}'
