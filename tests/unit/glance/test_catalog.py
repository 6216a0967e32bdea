"""Which images were deleted, as far as that can be known."""

from collections.abc import Callable
from typing import Any

import pytest
from glanceclient import exc as glance_exc

from eic_plugins.glance import catalog


class FakeGlance:
    """Answers of Glance and Keystone, by method."""

    def __init__(
        self, roles: Any = ('admin',), there: Any = (), lists: Any = True
    ) -> None:
        self.role_names, self.there, self.lists_images = roles, there, lists
        self.images = self.auth = self

    def get_access(self, _session: Any) -> Any:
        return self

    def get(self, image_id: Any) -> Any:
        if image_id not in self.there:
            raise glance_exc.HTTPNotFound
        return {'id': image_id, 'status': self.there[image_id]}

    def list(self, **_how: Any) -> Any:
        if not self.lists_images:
            raise glance_exc.HTTPNotFound
        return iter(())


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch, conf: Any) -> Callable[..., Any]:
    def made(**answers: Any) -> Any:
        fake = FakeGlance(**answers)
        monkeypatch.setattr(catalog, 'service_session', lambda *_: fake)
        monkeypatch.setattr(catalog, 'service_client', lambda *_: fake)
        return catalog.Images(conf)

    return made


def test_an_image_that_an_admin_does_not_find_is_gone(
    images: Callable[..., Any],
) -> None:
    assert images().is_gone('i')
    assert not images(there={'i': 'active'}).is_gone('i')


@pytest.mark.parametrize('status', ['deleted', 'pending_delete'])
def test_an_image_that_waits_to_be_scrubbed_is_gone(
    images: Callable[..., Any], status: str
) -> None:
    assert images(there={'i': status}).is_gone('i')


@pytest.mark.parametrize('status', ['deactivated', 'queued', 'killed'])
def test_an_image_that_is_there_in_whatever_state_is_not_gone(
    images: Callable[..., Any], status: str
) -> None:
    assert not images(there={'i': status}).is_gone('i')


@pytest.mark.parametrize('roles', [(), None, ('service', 'reader')])
def test_who_does_not_see_every_image_knows_of_none_that_it_is_gone(
    images: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    roles: tuple[Any, ...] | tuple[str, ...] | None,
) -> None:
    asked = images(roles=roles)
    assert not asked.is_gone('i')
    assert not asked.is_gone('i')
    assert caplog.text.count('lacks the role "admin"') == 1


def test_not_found_by_something_that_is_no_glance_is_no_answer(
    images: Callable[..., Any],
) -> None:
    with pytest.raises(glance_exc.HTTPNotFound):
        images(lists=False).is_gone('i')
