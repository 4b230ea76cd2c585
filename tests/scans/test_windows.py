import numpy as np

from sklearn_lstmdg.scans import cut_like, every_window, window_view
from sklearn_lstmdg.scans._validation import check_sequences

from _scans import bags, numbered


def test_window_view_holds_every_window():
    scan = numbered(11)[0]
    windows = window_view(scan, 4, 3)
    assert windows.shape == (3, 4, 3)
    assert np.shares_memory(windows, scan)
    assert not windows.flags.writeable
    for i, start in enumerate((0, 3, 6)):
        np.testing.assert_array_equal(windows[i], scan[start : start + 4])


def test_unlabelled_scans_are_cut_as_bags_are():
    cut = cut_like(check_sequences(numbered(12, 13, 5, 3)), bags(numbered(20, 20)))
    assert [starts.tolist() for starts in cut.starts] == [[0, 2, 4, 6], [0, 2, 4, 6, 8], [0], [0]]
    assert cut.lengths.tolist() == [5, 5, 5, 3]
    assert cut.kind == "bags"


def test_unlabelled_scans_are_cut_as_rows_of_windows_are():
    cut = cut_like(check_sequences(numbered(12, 10)), check_sequences(numbered(5, 5)))
    assert [starts.tolist() for starts in cut.starts] == [[0, 5], [0, 5]]


def test_unlabelled_rows_that_stay_as_they_are():
    scans, own = check_sequences(numbered(12)), bags(numbered(20), length=4)
    assert cut_like(own, bags(numbered(20))) is own
    assert cut_like(scans, check_sequences(numbered(5, 6))) is scans


def test_every_window_counts_from_the_start_of_each_row():
    kept, rows = every_window(3, np.array([4, 1, 5]))
    assert np.flatnonzero(kept).tolist() == [0, 3, 4, 5, 8]
    assert rows.tolist() == [0, 0, 1, 2, 2]
    kept, rows = every_window(1, np.array([2, 1]))
    assert np.arange(3)[kept].tolist() == [0, 1, 2]
    assert rows.tolist() == [0, 0, 1]
