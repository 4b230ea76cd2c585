"""Cells of tables."""

import numpy as np
import pytest

from sklearn_lstmdg.report._cells import fill, is_numeric, sort_key
from sklearn_lstmdg.report._templates import environment


@pytest.mark.parametrize(
    ("form", "record", "shown", "key"),
    [
        ("{a:.3f}", {"a": 0.12345}, "0.123", 0.12345),
        ("{a:.3f}", {"a": float("nan")}, "-", ""),
        ("{a:.0f}", {"a": None}, "-", ""),
        ("{a:.1f} ({b:.1f})", {"a": 5.04, "b": 1}, "5.0 (1.0)", 5.04),
        ("{a:.1f} ({b:.1f})", {"a": 5, "b": np.nan}, "5.0", 5),
        ("{a:.1f} ({b:.1f}-{c:.1f})", {"a": 5, "b": np.nan, "c": None}, "5.0", 5),
        ("{a[0]:+.1f} to {a[1]:+.1f}", {"a": (None, None)}, "-", ""),
        ("{a:p}", {"a": 0.0004}, "<0.001", 0.0004),
        ("{a:p}", {"a": 0.25}, "0.250", 0.25),
        ("{a:time}", {"a": 59.94}, "59.9 s", 59.94),
        ("{a:time}", {"a": 150}, "2 min", 150),
        ("{a:time}", {"a": 3900}, "1 h 05 min", 3900),
    ],
)
def test_cells_of_numbers(form, record, shown, key):
    assert is_numeric(form) and fill(form, record) == shown and sort_key(form, record) == key


def test_cells_of_texts():
    assert not is_numeric("{a}") and not is_numeric("fold {a:.0f}")
    assert fill("fold {a}", {"a": 2}) == "fold 2" and fill("{a}", {"a": "{b}"}) == "{b}"
    with pytest.raises(KeyError, match="b"):
        fill("{b}", {"a": 2})


def test_cells_of_a_table():
    records = [{"a": "x", "b": np.float64(2)}, {"a": "<y>", "b": None}]
    columns = [("a", "{a}"), ("b", "{b:.3f}"), ("long", "{a} " + "and" * 20)]
    source = "{% from 'macros.html' import table %}{{ table('T & U', records, columns) }}"
    html = environment().from_string(source).render(records=records, columns=columns)
    assert 'data-value="2.0">2.000' in html and 'data-value="">-' in html
    assert "&lt;y&gt;" in html and '<th scope="row">x</th>' in html and html.count('"long"') == 2
    assert "<caption>T &amp; U</caption>" in html and 'aria-label="T &amp; U"' in html
    assert html.count('<th scope="col" class="number">') == 1
