"""What is said of the cost of cached images, and the forms that are compared."""

import pytest

from benchmarks import id_forms, weigher
from benchmarks.id_forms import Form
from eic_plugins.support.id_filter import Wanted


def row(images: int, weigher_ms: float, **fields: float) -> weigher.Row:
    return {
        'form': 'today',
        'pools': 10,
        'images': images,
        'report_bytes': 5_000.0,
        'answer_bytes': 9_000,
        'memory_bytes': 9_000.0,
        'overlooked': 0.0,
        'wrong_in_1000': 1.0,
        'weigher_ms': weigher_ms,
        'choice_ms': 2.0,
        'hear_ms': 1.0,
        **fields,
    }


def missed(*rows: weigher.Row) -> list[str]:
    return [each.what for each in weigher.answer([*rows], []).targets if not each.met]


def test_all_is_well() -> None:
    assert missed(row(100, 1.0), row(10_000, 1.4, wrong_in_1000=30.0)) == []


@pytest.mark.parametrize(
    ('fields', 'what'),
    [
        ({'overlooked': 1.0}, 'percent of images that the weigher overlooks'),
        ({'report_bytes': 18e3}, "bytes of a pool's report, however many images"),
    ],
)
def test_each_promise_has_its_target(fields: dict[str, float], what: str) -> None:
    assert missed(row(100, 1.0), row(10_000, 1.0, **fields)) == [what]


def test_a_weigher_that_slows_down_with_images_is_seen() -> None:
    assert len(missed(row(100, 1.0), row(10_000, 1.6))) == 1


@pytest.mark.parametrize('count', [1, 2, 100, 3_000])
def test_no_form_overlooks_an_id(count: int) -> None:
    ids = id_forms.image_ids(0, count)
    forms: list[Form] = [
        id_forms.as_ids(ids),
        id_forms.as_digests(ids, 4),
        id_forms.as_filter(ids),
    ]
    for form in forms:
        assert all(form.ask(Wanted(each)) for each in ids[:100])
        assert not any(form.ask(Wanted(each)) for each in ('another', 'one more'))
