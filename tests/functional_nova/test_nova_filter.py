import json
from tests.functional_nova.conftest import PROJECT
from tests.functional_nova.glance_stub import IMAGES

def test_x(filtered_app, plain_app, glance, built):
    for app in (plain_app, filtered_app):
        a = app.post_json('/v2.1/servers', {'server': {'name': 'x', 'imageRef': IMAGES['raw']['id'], 'flavorRef': 'opted-in', 'networks': 'none'}},
            headers={'X-Auth-Token': f'me:{PROJECT}:member,reader', 'OpenStack-API-Version': 'compute 2.90'}, expect_errors=True)
        print(a, built.calls and built.devices())
    assert 0
