from pathlib import Path, PurePath

import numpy as np
import pytest

from sklearn_lstmdg import ScanCleaner
from sklearn_lstmdg.datasets import load_scans

from _series_formats import draw, write

pd = pytest.importorskip("pandas")


@pytest.mark.parametrize("name", ["table.csv", "table.tsv"])
def test_columns_say_what_a_scan_is(listed, tmp_path, name):
    table = write(listed, tmp_path, name)
    cohort = load_scans(table, target="label", site="centre", confounds=["age"], t_r="tr")
    assert cohort.target.tolist() == ["ill", "ill", "well", "well"]
    assert cohort.target_names == ["ill", "well"]
    assert cohort.sites.tolist() == ["X", "X", "Y", "Y"]
    assert cohort.groups.tolist() == ["a", "a", "b", "b"]
    assert cohort.confounds["age"].tolist() == [20, 20, 31.5, 31.5]
    np.testing.assert_array_equal(cohort.t_r, [2, 2, 0.8, np.nan])
    assert [len(scan) for scan in cohort.data] == [30, 31, 32, 33]
    assert "4 scans that" in cohort.DESCR and cohort.left_out.empty


def test_paths_of_a_frame_are_relative_to_the_working_directory(listed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cohort = load_scans(listed, target="age", group="centre", t_r=2)
    assert cohort.target.tolist() == [20, 20, 31.5, 31.5]
    assert cohort.groups.tolist() == ["X", "X", "Y", "Y"]
    assert cohort.t_r.tolist() == [2, 2, 2, 2]


def test_without_participants_each_scan_is_on_its_own(listed, tmp_path):
    table = write(listed.drop(columns="participant_id"), tmp_path)
    cohort = load_scans(table, target="label")
    assert cohort.groups.tolist() == [0, 1, 2, 3]
    assert np.isnan(cohort.t_r).all()
    assert ScanCleaner().fit(cohort.data).feature_names_in_.tolist() == cohort.feature_names


def test_what_is_left_out_is_told(listed, tmp_path):
    listed.loc[1, "label"] = None
    listed.loc[2, "centre"] = None
    with pytest.warns(UserWarning, match="Left out: 1 without label; 1 without centre"):
        cohort = load_scans(write(listed, tmp_path), target="label", site="centre", t_r="tr")
    assert cohort.left_out["participant_id"].tolist() == ["a", "b"]
    assert len(cohort.data) == len(cohort.t_r) == len(cohort.phenotypic) == 2


def test_a_folder_of_files_named_as_participants(tmp_path):
    folder = tmp_path / "series"
    for i, name in enumerate(["sub-01_rest.csv", "sub-02.tsv", "03.rest.csv"]):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(
            "\n".join(",\t"[name.endswith("tsv")].join(map(str, row)) for row in draw(i))
        )
    people = pd.DataFrame({"participant_id": ["03", "sub-01", "02"], "dx": ["a", "b", "a"]})
    cohort = load_scans(write(people, tmp_path), target="dx", scans=folder)
    for scan, seed in zip(cohort.data, [2, 0, 1], strict=True):
        np.testing.assert_allclose(scan, draw(seed), rtol=1e-6)
    (folder / "sub-02_run-2.csv").touch()
    with pytest.raises(ValueError, match=r"line 4: one file of 02 is .* sub-02.tsv, sub-02_run-2"):
        load_scans(write(people, tmp_path), target="dx", scans=folder)
    people.loc[0, "participant_id"] = "04"
    with pytest.raises(ValueError, match=r"line 2: one file of 04 is needed in .*, there is none"):
        load_scans(write(people, tmp_path), target="dx", scans=folder)


def put(name, content):
    """Write what stands in for the second scan."""

    def damage(listed, folder):
        path = folder / name
        listed.loc[1, "scan"] = name
        if callable(content):
            content(path)
        else:
            path.write_bytes(content)

    return damage


def cell(column, value, row=1):
    def damage(listed, folder):
        listed[column] = listed[column].astype(object)
        listed.loc[row, column] = value

    return damage


def holed(path):
    scan = draw()
    scan[3, 4] = np.nan
    np.save(path, scan)


OBJECTS = np.array([{}, {}], dtype=object)
BAD = {
    "no column of files": (lambda listed, folder: listed.pop("scan"), {}, r"no column 'scan' "),
    "no target": (lambda listed, folder: listed.pop("label"), {}, r"no column 'label' \(target"),
    "no column of times": (lambda listed, folder: None, {"t_r": "TR"}, r"no column 'TR' \(t_r"),
    "no file named": (cell("scan", None), {}, "line 3: scan is missing"),
    "no such file": (cell("scan", "x.npy"), {}, "line 3: there is no file .*x.npy"),
    "a file twice": (cell("scan", "scan0.npy"), {}, "line 3: .*scan0.npy is there twice"),
    "an unknown format": (put("x.nii", b""), {}, "x.nii: no format of series ends in '.nii'"),
    "a time below 0": (cell("tr", -1), {"t_r": "tr"}, "line 3: tr is -1"),
    "a time in words": (cell("tr", "2 s"), {"t_r": "tr"}, "line 3: tr is '2 s'"),
    "milliseconds": (lambda listed, folder: None, {"t_r": 2000}, "t_r is 2000: seconds"),
    "an array cut": (put("x.npy", b"\x93NUMPY\x01\x00"), {}, "x.npy cannot be read"),
    "objects": (put("x.npy", lambda p: np.save(p, OBJECTS)), {}, "x.npy cannot be read: .*pickle"),
    "texts": (put("x.npy", lambda p: np.save(p, np.array([["a"]]))), {}, "x.npy holds .*<U1"),
    "three axes": (
        put("x.npy", lambda p: np.save(p, np.zeros((2, 3, 4)))), {}, r"x.npy holds .*\(2, 3, 4\)"
    ),
    "no points": (put("x.npy", lambda p: np.save(p, np.zeros((0, 8)))), {}, "holds no time point"),
    "no ROI": (put("x.npy", lambda p: np.save(p, np.zeros((8, 0)))), {}, "x.npy holds no ROI"),
    "a missing point": (put("x.npy", holed), {}, "x.npy: time point 3 of ROI 5 is missing"),
    "ROIs by time": (
        put("x.npy", lambda p: np.save(p, draw().T)), {}, "x.npy has 30 ROIs, .*scan0.npy has 8"
    ),
    "two arrays": (
        put("x.npz", lambda p: np.savez(p, a=draw(), b=draw())), {}, "one array .* a, b"
    ),
    "no array": (put("x.npz", lambda p: np.savez(p)), {}, "one array .* holds none"),
    "no zip": (put("x.npz", b"PK\x03\x04"), {}, "x.npz cannot be read"),
    "no MATLAB": (put("x.mat", b"MATLAB"), {}, "x.mat cannot be read"),
    "MATLAB 7.3": (
        put("x.mat", b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x00" * 64), {},
        "x.mat is of MATLAB's version 7.3",
    ),
    "a comment alone": (put("x.1D", b"# nothing\n"), {}, "x.1D holds no time point"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_table_ends_in_one_clear_line(listed, tmp_path, kind):
    damage, options, message = BAD[kind]
    damage(listed, tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        load_scans(write(listed, tmp_path), target="label", **options)
    assert "\n" not in str(caught.value)


def test_a_file_is_not_compared_with_each_other_one(monkeypatch):
    table = pd.DataFrame({"scan": [f"{i}.npy" for i in range(300)], "label": "well"})
    compared = []
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    monkeypatch.setattr(PurePath, "__eq__", lambda a, b: compared.append(a) or str(a) == str(b))
    with pytest.raises(ValueError, match=r"0.npy cannot be read"):
        load_scans(table, target="label")
    assert len(compared) < len(table)
