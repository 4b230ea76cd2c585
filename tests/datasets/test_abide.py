import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_lstmdg.datasets import fetch_abide, load_abide

pd = pytest.importorskip("pandas")

QC = ["qc_rater_1", "qc_anat_rater_2", "qc_func_rater_2", "qc_anat_rater_3", "qc_func_rater_3"]
CODES = [2001, 2002, 2101]
SUBJECTS = [
    # SUB_ID, SITE_ID, FILE_ID, DX_GROUP
    (50001, "NYU", "NYU_0050001", 1),
    (50002, "NYU", "NYU_0050002", 2),
    (50003, "NYU", "no_filename", 1),
    (50004, "UM_1", "UM_1_0050004", 2),
    (50005, "UM_2", "UM_2_0050005", 1),
    (50006, "CMU", "CMU_a_0050006", 1),
    (50007, "CMU", "CMU_b_0050007", 2),
    (50008, "CMU", "no_filename", 2),
    (50009, "UCLA_1", "UCLA_1_0050009", 1),
]


def write_scan(folder, name, scan, codes=CODES, atlas="aal"):
    folder.mkdir(parents=True, exist_ok=True)
    header = "\t".join(f"#{code}" for code in codes)
    np.savetxt(folder / f"{name}_rois_{atlas}.1D", scan, header=header, comments="", delimiter="\t")


@pytest.fixture
def series():
    rng = np.random.default_rng(0)
    return {sub_id: rng.standard_normal((40, len(CODES))) for sub_id, *_ in SUBJECTS}


@pytest.fixture
def table():
    table = pd.DataFrame(SUBJECTS, columns=["SUB_ID", "SITE_ID", "FILE_ID", "DX_GROUP"])
    table[QC] = "OK"
    return table


@pytest.fixture
def folder(tmp_path, series, table):
    """A small copy of PCP's layout: the three files of site CMU and those with a name."""
    root = tmp_path / "ABIDE_pcp"
    folder = root / "ccs" / "filt_global"
    for sub_id, _, name, _ in SUBJECTS:
        if name != "no_filename":
            write_scan(folder, name, series[sub_id])
    write_scan(folder, "CMU_b_0050008", series[50008])
    table.to_csv(root / "Phenotypic_V1_0b_preprocessed1.csv", index=False)
    return folder


def home(folder):
    return folder.parents[2]


def table_path(folder):
    return folder.parents[1] / "Phenotypic_V1_0b_preprocessed1.csv"


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


def test_a_row_without_file_name_is_found_by_any_prefix_of_its_site(folder):
    abide = load_abide(home(folder), sites="cmu")
    assert abide.filenames[-1].endswith("CMU_b_0050008_rois_aal.1D")


def test_counts_files_beside_the_table(folder):
    abide = load_abide(home(folder), sites=["NYU", "CMU"])
    counts = abide.site_counts
    assert counts.loc["NYU"].tolist() == [3, 3, 2, 2, 1]
    assert counts.loc["CMU"].tolist() == [3, 3, 3, 3, 1]
    assert list(counts.columns) == ["table", "selected", "files", "loaded", "autism"]
    assert "NYU: 2 loaded, the paper has 184." in abide.DESCR


@pytest.mark.parametrize(
    "sites, found",
    [("um", {"UM_1", "UM_2"}), ("Um_2", {"UM_2"}), (["ucla", "nyu"], {"UCLA_1", "NYU"})],
)
def test_a_site_is_an_id_or_its_stem_in_any_case(folder, sites, found):
    assert set(load_abide(home(folder), sites=sites).sites) == found


def test_an_unknown_site_is_an_error_that_lists_the_known(folder):
    with pytest.raises(ValueError, match=r"Unknown site 'Mars'; known are CMU, NYU, UCLA_1"):
        load_abide(home(folder), sites=["NYU", "Mars"])


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


def test_duplicated_series_are_dropped_with_a_warning(folder, series):
    write_scan(folder, "UM_2_0050005", series[50001])
    with pytest.warns(UserWarning, match=r"1 subject.* 50005 \(as 50001\)"):
        abide = load_abide(home(folder))
    assert 50005 not in abide.groups
    assert abide.site_counts.loc["UM_2"].tolist() == [1, 1, 1, 0, 0]


def test_quality_check_reads_all_raters(folder, table):
    path = table_path(folder)
    values = ["maybe", "fail", "maybe", "maybe", None]
    for row, (column, value) in enumerate(zip(QC, values, strict=True), start=3):
        table.loc[row, column] = value
    table.to_csv(path, index=False)
    abide = load_abide(home(folder), quality_checked=True)
    assert abide.groups.tolist() == [50001, 50002, 50006, 50009]


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


@pytest.mark.parametrize(
    "text, message",
    [
        ("1.0\t2.0\t3.0\n", "line 1: expected ROI codes"),
        ("#2001\t#2001\n1\t2\n", "line 1: expected ROI codes"),
        ("#2001\t#2002\n1\t2\n1\t2\t3\n", "line 3: 3 values for 2 ROIs"),
        ("#2001\t#2002\n1\t2\n1\tx\n", "line 3: a value is not a finite number"),
        ("#2001\t#2002\nnan\t2\n", "line 2: a value is not a finite number"),
        ("#2001\t#2002\n1\n1\n", "line 2: 1 values for 2 ROIs"),
        ("#2001\t#2002\n", "holds no time point"),
        ("", "line 1: expected ROI codes"),
    ],
)
def test_a_damaged_file_is_named_with_the_line(folder, text, message):
    (folder / "NYU_0050001_rois_aal.1D").write_text(text)
    with pytest.raises(ValueError, match=f"NYU_0050001_rois_aal.1D.*{message}"):
        load_abide(home(folder))


def write_cell(folder, table, row, column, value):
    if column in table:
        table[column] = table[column].astype(object)
    table.loc[row, column] = value
    table.to_csv(table_path(folder), index=False)


@pytest.mark.parametrize("value", ["", 0, 3, 1.5, -9999, "-9999.0", "autism", "inf"])
def test_a_diagnosis_is_autism_or_control_or_refused(folder, table, value):
    write_cell(folder, table, 1, "DX_GROUP", value)
    with pytest.raises(
        ValueError, match=r"line 3, subject 50002: DX_GROUP .* is (neither 1|not a number)"
    ):
        load_abide(home(folder))


def test_diagnoses_of_scans_that_are_not_loaded_do_not_matter(folder, table, series):
    write_cell(folder, table, 1, "DX_GROUP", "")
    abide = load_abide(home(folder), sites=["UM", "CMU"])
    assert abide.target.tolist() == [0, 1, 1, 0, 0]


def test_minus_9999_is_missing_in_every_column(folder, table):
    table["AGE_AT_SCAN"] = [-9999, 9.5, *[10] * 7]
    table["FIQ_TEST_TYPE"] = ["-9999", "-9999.0", *["WASI"] * 7]
    table["BMI"] = [-9999] + [20] * 8
    table.to_csv(table_path(folder), index=False)
    rows = load_abide(home(folder), sites="NYU").phenotypic
    assert rows["AGE_AT_SCAN"].isna().tolist() == [True, False]
    assert rows["FIQ_TEST_TYPE"].isna().tolist() == [True, True]
    assert rows["BMI"].isna().tolist() == [True, False]
    assert rows["SUB_ID"].dtype == np.int64


@pytest.mark.parametrize("column", ["DX_GROUP", "AGE_AT_SCAN", "SEX", "func_mean_fd"])
def test_text_in_a_column_of_numbers_is_refused(folder, table, column):
    table[column] = 1
    write_cell(folder, table, 3, column, "about 2")
    with pytest.raises(
        ValueError, match=rf"line 5, subject 50004: {column} 'about 2' is not a number"
    ):
        load_abide(home(folder), sites="NYU")


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("SITE_ID", "", "is missing"),
        ("FILE_ID", -9999, "is missing"),
        ("SUB_ID", "", "is missing"),
        ("SUB_ID", 50001.5, "is not a whole number"),
    ],
)
def test_keys_of_a_row_are_there(folder, table, column, value, rule):
    write_cell(folder, table, 0, column, value)
    with pytest.raises(ValueError, match=rf"line 2, subject .*: {column} .* {rule}"):
        load_abide(home(folder))


@pytest.mark.parametrize("column", ["SUB_ID", "SITE_ID", "FILE_ID", "DX_GROUP", "qc_rater_1"])
def test_a_column_that_is_needed_and_not_there_is_named(folder, table, column):
    table.drop(columns=column).to_csv(table_path(folder), index=False)
    with pytest.raises(
        ValueError, match=rf"preprocessed1.csv has no column {column}; one is needed"
    ):
        load_abide(home(folder), quality_checked=True)


def test_quality_columns_are_needed_only_for_the_quality_check(folder, table):
    table.drop(columns=QC).to_csv(table_path(folder), index=False)
    assert len(load_abide(home(folder)).data) == 8


def test_ragged_rows_name_file_row_and_column(folder):
    path = table_path(folder)
    lines = path.read_text().splitlines()
    short = [*lines[:2], ",".join(lines[2].split(",")[:3]), *lines[3:]]
    path.write_text("\n".join(short) + "\n")
    with pytest.raises(ValueError, match=r"csv, line 3: 3 values for 9 columns; .* FILE_ID"):
        load_abide(home(folder))
    path.write_text("\n".join([*lines[:1], lines[1] + ",1", *lines[2:]]) + "\n")
    with pytest.raises(ValueError, match=r"csv, line 2: 10 values for 9 columns"):
        load_abide(home(folder))
    path.write_text("")
    with pytest.raises(ValueError, match="has no column SUB_ID"):
        load_abide(home(folder))


def test_a_table_in_another_encoding_is_named_with_the_line(folder):
    path = table_path(folder)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"CMU_a", b"CM\xfc_a"))
    with pytest.raises(ValueError, match=r"csv, line 7: the table is not in UTF-8"):
        load_abide(home(folder))
    path.write_bytes(b"\xef\xbb\xbf" + content)
    assert len(load_abide(home(folder)).data) == 8


def test_three_scans_of_cmu_have_a_repetition_time_of_their_own(folder, table, series):
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"SUB_ID,SITE_ID,FILE_ID\n1,NYU,a\n", "has no column DX_GROUP"),
        ("SUB_ID,SITE_ID,FILE_ID,DX_GROUP\n1,Zürich,a,1\n".encode("latin-1"), "in UTF-8"),
        (b"SUB_ID,SITE_ID,FILE_ID,DX_GROUP\n1,NYU,a,1\n2,NYU,b,1,5,6\n", "line 3"),
        (b"", "no column SUB_ID"),
    ],
)
def test_a_table_that_is_none_is_named(folder, content, message):
    path = folder.parents[1] / "Phenotypic_V1_0b_preprocessed1.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"(?s){path.name}.*{message}"):
        load_abide(home(folder))
