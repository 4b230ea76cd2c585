"""One scan's series from a file of each format."""

import gc
import sys
import warnings

import numpy as np
import pytest
from scipy.io import savemat

from sklearn_lstmdg.datasets import load_scans

from _series_formats import draw, write
from _trees import ROIS, write_series

pd = pytest.importorskip("pandas")


def as_matlab(path, scan):
    savemat(path, {"roi_series": scan, "t_r": 2.0, "note": "rest"})


def as_comments(path, scan):
    codes = "\t".join(f"#{code}" for code in range(2001, 2009))
    np.savetxt(path, scan, header=f"# mean over ROIs\n{codes}", comments="")


WRITERS = {
    "a.tsv": lambda path, scan: write_series(path, scan),
    "a.csv": lambda path, scan: pd.DataFrame(scan, columns=ROIS).to_csv(path, index=False),
    "a.CSV": lambda path, scan: np.savetxt(path, scan, delimiter=","),
    "a.1D": lambda path, scan: np.savetxt(path, scan),
    "a.txt": as_comments,
    "a.npy": np.save,
    "a.npz": lambda path, scan: np.savez(path, series=scan),
    "a.mat": as_matlab,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_scan(tmp_path, name):
    WRITERS[name](tmp_path / name, draw())
    table = write(pd.DataFrame({"scan": [name]}), tmp_path)
    cohort = load_scans(table, target=None)
    np.testing.assert_allclose(cohort.data[0], draw().astype(np.float32), rtol=1e-6)
    has_names, has_codes = name in ("a.tsv", "a.csv"), name == "a.txt"
    start = 2001 if has_codes else 1
    numbers = [str(roi) for roi in range(start, start + 8)]
    assert cohort.feature_names == (ROIS if has_names else numbers)
    assert (cohort.roi_codes is not None) == has_codes


def test_parquet_is_read(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame(draw(), columns=ROIS).to_parquet(tmp_path / "a.parquet")
    cohort = load_scans(write(pd.DataFrame({"scan": ["a.parquet"]}), tmp_path), target=None)
    assert cohort.feature_names == ROIS
    np.testing.assert_array_equal(cohort.data[0], draw().astype(np.float32))


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").touch()
    with pytest.raises(ImportError, match=r"pyarrow is needed.*\[parquet\]"):
        load_scans(write(pd.DataFrame({"scan": ["a.parquet"]}), tmp_path), target=None)


@pytest.mark.parametrize("text", ["0,5 0,6\n0,7 0,8\n", "0,5\t0,6\n0,7\t0,8\n", "a b\n0,7 0,8\n"])
def test_commas_in_place_of_points_are_no_separators(tmp_path, text):
    (tmp_path / "a.1D").write_text(text)
    with pytest.raises(ValueError, match=r"a.1D, line 2, column '(0,5|a)': '0,7' is not a number"):
        load_scans(write(pd.DataFrame({"scan": ["a.1D"]}), tmp_path), target=None)


def test_a_damaged_archive_is_closed(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04")
    table = write(pd.DataFrame({"scan": ["a.npz"]}), tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match=r"a\.npz cannot be read"):
            load_scans(table, target=None)
        gc.collect()
    assert not caught
