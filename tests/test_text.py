"""Names that would steer a terminal or a spreadsheet."""

from io import StringIO

import numpy as np
import pytest

from sklearn_lstmdg._text import printable, read_csv, to_csv

pandas = pytest.importorskip("pandas")

NAMES = ["=1+1", "+2", "-3", "@x", "\tx", "'=x", "''-", "'plain", "plain", "a=b"]


def test_control_characters_are_shown():
    assert printable("a\x1b[2J\x9b\tb\nc\r") == "a\\x1b[2J\\x9b\\x09b\nc\\x0d"


def test_formulas_are_text_and_numbers_stay_numbers():
    table = pandas.DataFrame({"model": NAMES, "auc": np.arange(-3, 7.0), "is": [True] * 10})
    lines = to_csv(table).splitlines()
    assert lines[:3] == ["model,auc,is", "'=1+1,-3.0,True", "'+2,-2.0,True"]
    assert [line[0] for line in lines[1:]] == ["'"] * 8 + ["p", "a"]


def test_what_was_written_is_read_back():
    table = pandas.DataFrame({"site": [*NAMES, np.nan], "n": range(11), "is": [False] * 11})
    pandas.testing.assert_frame_equal(read_csv(StringIO(to_csv(table))), table)
    told = read_csv(StringIO(to_csv(table)), dtype={"n": str}, keep_default_na=False)
    assert told["n"].tolist() == [str(n) for n in range(11)] and told["site"].iloc[-1] == ""
