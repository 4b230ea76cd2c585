"""Tables of participants as they are read."""

import numpy as np
import pytest

from sklearn_lstmdg.datasets import load_bids, load_scans

from _derivatives import first_file
from _series_formats import write

pd = pytest.importorskip("pandas")


def test_numbers_stay_numbers(whole):
    cohort = load_bids(whole, target="age")
    assert cohort.target.tolist() == [20.5, 21.5, 22.5, 23.5, 24.5, 25.5]
    assert cohort.target_names is None
    table = pd.DataFrame({"participant_id": ["01", "02"], "dx": [1, 2], "is_case": [True, False]})
    with pytest.warns(UserWarning, match="4 not among the participants"):
        cohort = load_bids(whole, table, target="dx")
    assert cohort.target.tolist() == [1, 2] and cohort.target_names == ["1", "2"]
    with pytest.warns(UserWarning, match="4 not among the participants"):
        assert load_bids(whole, table, target="is_case").target.tolist() == ["True", "False"]


def test_line_ends_of_other_systems(whole):
    table = whole.parents[1] / "participants.tsv"
    for path, end in ((table, b"\r\n"), (first_file(whole), b"\r")):
        path.write_bytes(path.read_bytes().replace(b"\n", end))
    cohort = load_bids(whole, target="diagnosis")
    assert [len(scan) for scan in cohort.data] == [40, 41, 42, 43, 40, 41]
    assert cohort.target_names == ["control", "patient"]


def test_the_code_of_what_is_missing_is_no_value(listed, tmp_path):
    listed["label"] = [1, -9999, 2, 2]
    listed["age"] = [20, 21.5, -9999, 30]
    for table in (
        write(listed, tmp_path),
        listed.assign(scan=str(tmp_path) + "/" + listed["scan"]),
    ):
        with pytest.warns(UserWarning, match="Left out: 1 without label"):
            cohort = load_scans(table, target="label", confounds="age")
        assert cohort.target.tolist() == [1, 2, 2]
        np.testing.assert_array_equal(cohort.confounds["age"], [20, np.nan, 30])
