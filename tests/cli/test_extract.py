"""The words of ``lstmdg extract``; what it extracts has tests where series are extracted."""

import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.cli._extract import _read_options, _summary

pandas = pytest.importorskip("pandas")


def test_options_of_a_strategy_are_numbers_truths_or_words():
    words = ["global_signal=basic", "fd_threshold=0.3", "n_compcor=5", "demean=False"]
    wanted = {"global_signal": "basic", "fd_threshold": 0.3, "n_compcor": 5, "demean": False}
    assert _read_options(words) == wanted and _read_options(None) == {}


@pytest.mark.parametrize("word", ["scrub", "=3", "scrub="])
def test_an_option_without_name_or_value_is_refused(word):
    with pytest.raises(ValueError, match=f"takes NAME=VALUE, not '{word}'"):
        _read_options([word])


def test_the_summary_counts_scans_points_and_what_is_left_out():
    columns = {
        "participant_id": ["a", "a", "b"],
        "n_points": [90, 100, 95],
        "n_scrubbed": [0, 4, 0],
    }
    done = Bunch(
        table=pandas.DataFrame(columns), feature_names=["V1", "A1"], atlas="x", left_out=["c"]
    )
    told = _summary(done, "out")
    assert told.startswith("3 scans of 2 participants, 2 ROIs (x), 90 to 100 points")
    assert "4 points were scrubbed" in told and "left out:" not in told
    assert told.endswith("\nNext: lstmdg compare --bids out --target COLUMN")
