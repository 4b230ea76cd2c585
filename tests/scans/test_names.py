"""Names of ROIs, which rows bring along."""

import numpy as np
import pytest

from sklearn_lstmdg.scans._names import names_of, with_names

pandas = pytest.importorskip("pandas")
SCANS = [np.arange(6.0).reshape(3, 2), np.ones((4, 2))]


def test_scans_and_bags_carry_names():
    named = with_names(SCANS, ["V1", "A1"])
    assert names_of(named) == ["V1", "A1"] and names_of(SCANS) is None
    assert np.shares_memory(named[0].to_numpy(), SCANS[0])
    bags = with_names([scan[None] for scan in SCANS], ["V1", "A1"])
    assert names_of(bags) == ["V1", "A1"] and bags[0].shape == (1, 3, 2)
    assert with_names(SCANS, None) is SCANS


@pytest.mark.parametrize("other", [["A1", "V1"], ["V1", "M1"], []])
def test_rows_of_other_names_are_refused(other):
    rows = [pandas.DataFrame(SCANS[0], columns=["V1", "A1"]), SCANS[1]]
    if other:
        rows[1] = pandas.DataFrame(SCANS[1], columns=other)
    with pytest.raises(ValueError, match="Row 1 of X has other ROI names, or another order"):
        names_of(rows)
