import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_lstmdg.datasets import fetch_abide, load_abide

from _pcp import CODES, home, table_path, write_scan

pd = pytest.importorskip("pandas")


def test_loads_every_file_that_exists_with_its_label(folder, series):
    abide = load_abide(home(folder))
    assert abide.groups.tolist() == [50001, 50002, 50004, 50005, 50006, 50007, 50008, 50009]
    assert abide.target.tolist() == [1, 0, 0, 1, 1, 0, 0, 1]
    assert abide.sites.tolist() == ["NYU", "NYU", "UM_1", "UM_2", "CMU", "CMU", "CMU", "UCLA_1"]
    assert abide.roi_codes.tolist() == CODES
    assert abide.phenotypic["SUB_ID"].tolist() == abide.groups.tolist()
    assert abide.t_r.tolist() == [2, 2, 2, 2, 2, 2, 2, 3]
    for scan, sub_id in zip(abide.data, abide.groups, strict=True):
        assert scan.dtype == np.float32
        np.testing.assert_allclose(scan, series[sub_id], rtol=1e-6)


def test_counts_files_beside_the_table(folder):
    abide = load_abide(home(folder), sites=["NYU", "CMU"])
    counts = abide.site_counts
    assert counts.loc["NYU"].tolist() == [3, 3, 2, 2, 1]
    assert counts.loc["CMU"].tolist() == [3, 3, 3, 3, 1]
    assert list(counts.columns) == ["table", "selected", "files", "loaded", "autism"]
    assert "NYU: 2 loaded, the paper has 184." in abide.DESCR


def test_duplicated_series_are_dropped_with_a_warning(folder, series):
    write_scan(folder, "UM_2_0050005", series[50001])
    with pytest.warns(UserWarning, match=r"1 subject.* 50005 \(as 50001\)"):
        abide = load_abide(home(folder))
    assert 50005 not in abide.groups
    assert abide.site_counts.loc["UM_2"].tolist() == [1, 1, 1, 0, 0]


def test_constant_rois_are_left_alone(folder, series):
    series[50001][:, 1] = 0
    write_scan(folder, "NYU_0050001", series[50001])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not load_abide(home(folder)).data[0][:, 1].any()


def test_resampling_brings_a_site_to_the_given_repetition_time(folder):
    seconds = np.arange(116)[:, None] * 3.0
    waves = np.sin(2 * np.pi * np.array([0.02, 0.05, 0.08]) * seconds)
    write_scan(folder, "UCLA_1_0050009", waves)
    abide = load_abide(home(folder), sites=["UCLA", "NYU"], resample_to=2.0)
    scan = abide.data[abide.sites.tolist().index("UCLA_1")]
    expected = np.sin(2 * np.pi * np.array([0.02, 0.05, 0.08]) * np.arange(174)[:, None] * 2.0)
    np.testing.assert_allclose(scan[15:-15], expected[15:-15], atol=0.02)
    assert scan.shape == (174, 3)
    assert (abide.t_r == 2).all()
    assert len(abide.data[0]) == 40


def test_resampling_an_unknown_site_is_an_error(folder, table):
    table["SITE_ID"] = table["SITE_ID"].replace("CMU", "MARS")
    table.to_csv(table_path(folder), index=False)
    assert np.isnan(load_abide(home(folder), sites="Mars").t_r).all()
    with pytest.raises(ValueError, match="repetition time of MARS"):
        load_abide(home(folder), resample_to=2.0)


@pytest.mark.parametrize("value, error", [(0, ValueError), (-2.0, ValueError), ("2", TypeError)])
def test_resample_to_must_be_positive_seconds(folder, value, error):
    with pytest.raises(error, match="resample_to"):
        load_abide(home(folder), resample_to=value)


def test_absent_folder_table_and_files_are_errors(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="must contain ABIDE_pcp"):
        load_abide(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"On disk are: ccs/filt_global aal\."):
        load_abide(home(folder), pipeline="cpac", global_signal_regression=False)
    (folder.parents[1] / "Phenotypic_V1_0b_preprocessed1.csv").unlink()
    with pytest.raises(FileNotFoundError, match="phenotypic table"):
        load_abide(home(folder))


def test_three_scans_of_cmu_have_a_repetition_time_of_their_own(folder, table):
    names = table["FILE_ID"].replace("CMU_b_0050007", "CMU_b_0050644")
    table["FILE_ID"], table.loc[6, "SUB_ID"] = names, 50644
    table.to_csv(table_path(folder), index=False)
    waves = np.sin(2 * np.pi * 0.05 * np.arange(316) * 1.5)[:, None] * [1, 2, 3]
    write_scan(folder, "CMU_b_0050644", waves)
    assert load_abide(home(folder), sites="CMU").t_r.tolist() == [2, 1.5, 2]
    abide = load_abide(home(folder), sites="CMU", resample_to=2.0)
    assert [len(scan) for scan in abide.data] == [40, 237, 40]
    expected = np.sin(2 * np.pi * 0.05 * np.arange(237) * 2.0)[:, None] * [1, 2, 3]
    np.testing.assert_allclose(abide.data[1][15:-15], expected[15:-15], atol=0.02)


@pytest.fixture
def nilearn_calls(monkeypatch):
    """Put a nilearn in place that records what it is asked for, and has it all on disk."""
    calls = []
    fake = SimpleNamespace(
        fetch_abide_pcp=lambda **asked: calls.append(asked),
        get_data_dirs=lambda data_dir=None: [data_dir],
    )
    monkeypatch.setitem(sys.modules, "nilearn.datasets", fake)
    return calls


def test_fetch_asks_nilearn_for_the_sites_and_loads(folder, nilearn_calls):
    abide = fetch_abide(home(folder), sites="um", verbose=0)
    assert abide.groups.tolist() == [50004, 50005]
    first, second = nilearn_calls
    assert first["n_subjects"] == 0
    assert second == {
        "data_dir": str(home(folder)),
        "derivatives": ["rois_aal"],
        "pipeline": "ccs",
        "band_pass_filtering": True,
        "global_signal_regression": True,
        "quality_checked": False,
        "SITE_ID": ["UM_1", "UM_2"],
        "verbose": 0,
    }


def test_fetch_says_what_to_do_when_the_download_stops(folder, monkeypatch):
    def fail(**_):
        raise OSError("no network")

    monkeypatch.setitem(sys.modules, "nilearn.datasets", SimpleNamespace(fetch_abide_pcp=fail))
    with pytest.raises(OSError, match=r"stopped \(no network\).*load_abide"):
        fetch_abide(home(folder))


def test_fetch_without_nilearn_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "nilearn.datasets", None)
    with pytest.raises(ImportError, match=r"\[neuro\]"):
        fetch_abide("anywhere")


def test_fetch_reads_real_scans_without_network(data_dir):
    pytest.importorskip("nilearn")
    ohsu = fetch_abide(data_dir, "ho", "ohsu", "cpac", True, False, quality_checked=True, verbose=0)
    assert len(ohsu.data) == 25


def test_real_nyu_is_the_quality_checked_set(data_dir):
    nyu = load_abide(data_dir, "ho", "NYU", "cpac", global_signal_regression=False)
    assert len(nyu.data) == 172 and nyu.target.sum() == 74
    assert {scan.shape for scan in nyu.data} == {(176, 110)}
    assert 3455 not in nyu.roi_codes
    assert nyu.site_counts.loc["NYU", "table"] == 184


def ends_of_spectra(abide):
    """Return, in Hz, where 99.5 % of each scan's power ends."""
    ends = []
    for scan, t_r in zip(abide.data, abide.t_r, strict=True):
        power = np.square(np.abs(np.fft.rfft(scan - scan.mean(axis=0), axis=0))).sum(axis=1)
        last = np.searchsorted(np.cumsum(power), 0.995 * power.sum())
        ends.append(np.fft.rfftfreq(len(scan), t_r)[last])
    return np.array(ends)


@pytest.mark.slow
@pytest.mark.parametrize("resample_to", [None, 2.5])
def test_real_scans_end_at_a_tenth_of_a_hertz_by_their_repetition_times(data_dir, resample_to):
    options = {"pipeline": "cpac", "global_signal_regression": False}
    abide = load_abide(data_dir, "ho", **options, resample_to=resample_to)
    ends = ends_of_spectra(abide)
    for site in np.unique(abide.sites):
        assert np.median(ends[abide.sites == site]) == pytest.approx(0.1, abs=0.004), site
    if resample_to is not None:
        assert (abide.t_r == resample_to).all()
    own = np.isin(abide.groups, [50644, 50648, 50669])
    assert ends[own] == pytest.approx(0.1, abs=0.004)
    seconds = [len(scan) * t_r for scan, t_r in zip(abide.data, abide.t_r, strict=True)]
    assert np.array(seconds)[own] == pytest.approx(316 * 1.5, abs=2.5)


def test_real_um_has_one_duplicate(data_dir):
    with pytest.warns(UserWarning, match=r"50286 \(as 50279\)"):
        um = load_abide(data_dir, "aal", "UM", "cpac")
    first = um.sites == "UM_1"
    assert first.sum() == 91 and um.target[first].sum() == 53
    assert (~first).sum() == 7 and not um.target[~first].any()
    assert len(um.roi_codes) == 116


def test_loading_without_pandas_names_the_extra(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"\[data\]"):
        load_abide(home(folder))
