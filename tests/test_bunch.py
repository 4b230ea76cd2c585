"""What functions return tells what it holds, and nothing at length."""

import pickle

import numpy as np
import pytest

from sklearn_lstmdg._bunch import Bunch
from sklearn_lstmdg.datasets import make_scans


def test_a_cohort_is_told_by_kinds_and_sizes():
    text = repr(make_scans(40, 100, 16, n_sites=2, ragged=True, random_state=0))
    lines = dict(line.split(maxsplit=1) for line in text.splitlines()[1:])
    assert lines["data"] == "40 arrays of 75-100 x 16"
    assert lines["target"] == "int array of 40: 20 of 0, 20 of 1"
    assert lines["sites"] == "str array of 40: 20 of SITE_1, 20 of SITE_2"
    assert lines["groups"] == "int array of 40"
    assert lines["phenotypic"].startswith("table of 40 x ")
    assert len(text) < 1000


@pytest.mark.parametrize(
    "value, told",
    [
        (None, "None"),
        (np.float64(0.5), "0.5"),
        (np.zeros(()), "float array of one number"),
        (np.zeros(0, dtype=int), "int array of 0"),
        ({"loss": [1], "auc": [2]}, "loss, auc"),
        ([np.zeros((3, 2)), np.zeros(3)], "2 arrays of different shapes"),
        ("first\nsecond", "first ..."),
        ("x" * 100, f"{'x' * 72} ..."),
        ("\x1b[2J", "\\x1b[2J"),
        (np.array(["\x1b"] * 2), "str array of 2: 2 of \\x1b"),
        ([], "[]"),
    ],
)
def test_a_field_is_one_line(value, told):
    assert repr(Bunch(field=value)) == f"Bunch of 1 field\n  field  {told}"


def test_html_escapes_and_has_a_row_a_field():
    html = Bunch(**{"<b>": "<script>", "n": 1})._repr_html_()
    assert html.count("<tr>") == 2
    assert "&lt;script&gt;" in html and "&lt;b&gt;" in html and "<script>" not in html
    assert repr(Bunch()) == "Bunch of no fields"


def test_it_stays_scikit_learns():
    from sklearn.utils import Bunch as theirs

    bunch = pickle.loads(pickle.dumps(Bunch(target=np.arange(3))))
    assert isinstance(bunch, theirs)
    assert bunch.target is bunch["target"]
