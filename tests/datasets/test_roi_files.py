"""PCP's files of ROI series: which they are, and what is wrong with them."""

import numpy as np
import pytest

from sklearn_lstmdg.datasets import load_abide

from _pcp import CODES, home, write_scan

pd = pytest.importorskip("pandas")


def test_a_row_without_file_name_is_found_by_any_prefix_of_its_site(folder):
    abide = load_abide(home(folder), sites="cmu")
    assert abide.filenames[-1].endswith("CMU_b_0050008_rois_aal.1D")


def test_columns_follow_the_codes_and_not_their_position(folder, series):
    order = [2, 0, 1]
    write_scan(folder, "NYU_0050002", series[50002][:, order], [CODES[i] for i in order])
    abide = load_abide(home(folder), sites="NYU")
    np.testing.assert_allclose(abide.data[1], series[50002], rtol=1e-6)


def test_missing_codes_are_named(folder, series):
    write_scan(folder, "NYU_0050002", series[50002][:, :2], CODES[:2])
    with pytest.raises(ValueError, match=r"NYU_0050002_rois_aal.1D lacks the ROI codes \[2101\]"):
        load_abide(home(folder))


def test_the_faulty_harvard_oxford_code_is_dropped(folder, series):
    codes = [3401, 3455, 3501]
    write_scan(folder, "NYU_0050001", series[50001], codes, "ho")
    write_scan(folder, "NYU_0050002", series[50002][:, ::2], codes[::2], "ho")
    abide = load_abide(home(folder), atlas="ho")
    assert abide.roi_codes.tolist() == [3401, 3501]
    np.testing.assert_allclose(abide.data[0], series[50001][:, [0, 2]], rtol=1e-6)


@pytest.mark.parametrize(
    "text, message",
    [
        ("1.0\t2.0\t3.0\n", "line 1: expected ROI codes"),
        ("#2001\t#2001\n1\t2\n", "line 1: expected ROI codes"),
        ("#2001\t#2002\n1\t2\n1\t2\t3\n", "line 3: 3 values for 2 ROIs"),
        ("#2001\t#2002\n1\t2\n1\tx\n", "line 3: a value is not a finite number"),
        ("#2001\t#2002\nnan\t2\n", "line 2: a value is not a finite number"),
        ("#2001\t#2002\n1\n1\n", "line 2: 1 value for 2 ROIs"),
        ("#2001\t#2002\n", "holds no time point"),
        ("", "line 1: expected ROI codes"),
    ],
)
def test_a_damaged_file_is_named_with_the_line(folder, text, message):
    (folder / "NYU_0050001_rois_aal.1D").write_text(text)
    with pytest.raises(ValueError, match=f"NYU_0050001_rois_aal.1D.*{message}"):
        load_abide(home(folder))


def test_a_scan_cut_within_its_last_number_is_noticed(folder, series):
    path = folder / "NYU_0050001_rois_aal.1D"
    whole = path.read_text()
    for n in (1, 2, 5):
        path.write_text(whole[:-n])
        with pytest.raises(
            ValueError, match=r"0050001_rois_aal.1D, line 41: the file is cut short"
        ):
            load_abide(home(folder))
    path.write_bytes(whole.replace("\n", "\r\n").encode())
    np.testing.assert_allclose(load_abide(home(folder)).data[0], series[50001], rtol=1e-6)
