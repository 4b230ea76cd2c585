"""Names that would steer a terminal or a spreadsheet."""

from io import BytesIO, StringIO

import numpy as np
import pytest

from sklearn_lstmdg._text import counted, listed, one_line, printable, read_csv, to_csv

pandas = pytest.importorskip("pandas")

NAMES = [
    "=1+1",
    "+2",
    "-3",
    "@x",
    "\tx",
    "'=x",
    "''-",
    "'plain",
    "plain",
    "a=b",
    "\uff1d1",
    "\uff20x",
]


def test_the_first_are_named_and_the_others_counted():
    assert listed([0, 4]) == "0, 4" and listed(list(range(10))).endswith("8, 9")
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_control_characters_are_shown():
    assert printable("a\x1b[2J\x9b\tb\nc\r") == "a\\x1b[2J\\x9b\\x09b\nc\\x0d"


def test_formulas_are_text_and_numbers_stay_numbers():
    table = pandas.DataFrame({"model": NAMES, "auc": np.arange(-3, 9.0), "is": [True] * 12})
    lines = to_csv(table).splitlines()
    assert lines[:3] == ["model,auc,is", "'=1+1,-3.0,True", "'+2,-2.0,True"]
    assert [line[0] for line in lines[1:]] == ["'"] * 8 + ["p", "a", "'", "'"]


def test_what_was_written_is_read_back():
    table = pandas.DataFrame({"site": [*NAMES, np.nan], "n": range(13), "is": [False] * 13})
    pandas.testing.assert_frame_equal(read_csv(StringIO(to_csv(table))), table)
    told = read_csv(StringIO(to_csv(table)), dtype={"n": str}, keep_default_na=False)
    assert told["n"].tolist() == [str(n) for n in range(13)] and told["site"].iloc[-1] == ""


@pytest.mark.parametrize("name", ["a\rb", "\r", "a\r\nb", "a\nb", "\x1b[31m", '"q"', "a\u2028b"])
def test_no_name_ends_a_row(name):
    table = pandas.DataFrame({"site": [name, "other"], "n": [1, 2], "share": [0.5, np.nan]})
    pandas.testing.assert_frame_equal(read_csv(BytesIO(to_csv(table).encode())), table)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028"])
def test_a_line_is_one_line(end):
    assert one_line(f"a{end}b\x1b[2J") == "a b\\x1b[2J"
    assert one_line(3) == "3"


@pytest.mark.parametrize(
    ("n", "words", "told"),
    [
        (0, ("fold",), "0 folds"),
        (1, ("fold",), "1 fold"),
        (2, ("fold",), "2 folds"),
        (1, ("of 9 is", "of 9 are"), "1 of 9 is"),
        (np.int64(3), ("of 9 is", "of 9 are"), "3 of 9 are"),
    ],
)
def test_a_number_has_the_words_that_fit_it(n, words, told):
    assert counted(n, *words) == told
