"""The command line on scans of one's own: derivatives, and tables of files."""

import json
import re
from functools import partial

import numpy as np
import pytest

from sklearn_lstmdg import models

from _stubs import Noise
from _trees import make_tree

pandas = pytest.importorskip("pandas")


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    quick = {"quick": lambda length, step, regress: Noise()}
    monkeypatch.setattr(models, "_FACTORIES", models._FACTORIES | quick)


@pytest.fixture
def compare(tmp_path, run):
    """Run compare with a quick model; returns exit code, output, errors."""
    return partial(run, "compare", "--models", "quick", "--folds", 3, "--out", tmp_path / "out")


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path, n_subjects=18)


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    rows = [(f"{i}.npy", ["well", "ill"][i % 2], 20 + i) for i in range(12)]
    for name, *_ in rows:
        np.save(tmp_path / name, rng.standard_normal((40, 5)))
    path = tmp_path / "scans.csv"
    pandas.DataFrame(rows, columns=["scan", "group", "age"]).to_csv(path, index=False)
    return path


def test_compare_on_derivatives(compare, tree, tmp_path):
    options = ("--target", "diagnosis", "--site", "site", "--session", "1", "--positive", "control")
    code, out, err = compare("--bids", tree, *options, "--confounds", "func_mean_fd", "age")
    assert code == 0, err
    assert "predictions.csv, left_out.csv, folds/)" in out
    assert out.endswith(f"\nNext: lstmdg report {tmp_path / 'out'}\n")
    assert "siteA: 6 subjects (3 patient, 3 control); mean head motion 0.170 mm patient" in out
    assert "Left out: 1 with missing points in 1 of 8 ROIs" in err
    assert "Repetition times are mixed: 11 scans of 2 s" in " ".join(err.split())
    predictions = pandas.read_csv(tmp_path / "out" / "predictions.csv")
    assert set(predictions["model"]) == {"quick", "confounds"}
    assert set(predictions["y"]) == {"patient", "control"}
    assert set(predictions["site"]) == {"siteA", "siteB", "siteC"}
    left_out = pandas.read_csv(tmp_path / "out" / "left_out.csv")
    assert left_out["participant_id"].tolist() == ["sub-18"]
    record = json.loads((tmp_path / "out" / "folds.csv").with_name("cohort.json").read_text())
    assert [group["name"] for group in record["sites"][0]["groups"]] == ["patient", "control"]
    assert record["sites"][0]["groups"][0]["age"][0] == 27.5


def test_sessions_of_a_participant_are_tested_together(compare, tree, tmp_path):
    code, out, err = compare("--bids", tree, "--target", "diagnosis", "--max-missing", 0.2)
    assert code == 0 and "all: 18 subjects (9 patient, 9 control), 36 scans" in out
    assert "'patient' is the positive class, the last by alphabet" in err
    folds = pandas.read_csv(tmp_path / "out" / "predictions.csv").groupby("subject")["fold"]
    assert (folds.count() == 2).all() and (folds.nunique() == 1).all()
    summary = pandas.read_csv(tmp_path / "out" / "summary.csv")
    assert summary[["n_subjects", "n_scans"]].values.tolist() == [[18, 36]]
    assert json.loads((tmp_path / "out" / "options.json").read_text())["subjects"] is None


@pytest.mark.parametrize("scheme", [[], ["--site", "site", "--scheme", "pooled"]])
def test_resampling_brings_own_scans_to_one_repetition_time(compare, tree, tmp_path, scheme):
    options = ("--target", "diagnosis", "--resample-to", 2, *scheme)
    code, _, err = compare("--bids", tree, *options)
    assert code == 0 and "mixed" not in err
    sites = json.loads((tmp_path / "out" / "cohort.json").read_text())["sites"]
    assert len(sites) == (3 if scheme else 1) and all(site["t_r"] == [2.0] for site in sites)
    points = [site["timepoints"] for site in sites]
    assert (np.min(points), np.max(points)) == (40, 54)


@pytest.mark.parametrize("t_r", ["2", "age"])
def test_compare_on_a_table(compare, table, tmp_path, t_r):
    code, out, err = compare("--table", table, "--target", "group", "--t-r", t_r)
    assert code == 0, err
    assert "all: 12 subjects (6 well, 6 ill)" in out
    assert len(pandas.read_csv(tmp_path / "out" / "predictions.csv")) == 12


def test_compare_on_a_folder_of_files_named_as_participants(compare, table, tmp_path):
    rows = pandas.read_csv(table)
    rows["participant_id"] = rows.pop("scan").str.removesuffix(".npy")
    (tmp_path / "files").mkdir()
    for name in rows["participant_id"]:
        (tmp_path / f"{name}.npy").rename(tmp_path / "files" / f"{name}.npy")
    rows.to_csv(table, index=False)
    code, _, err = compare("--table", table, "--target", "group", "--scans", tmp_path / "files")
    assert code == 0, err
    subjects = pandas.read_csv(tmp_path / "out" / "predictions.csv")["subject"]
    assert sorted(subjects) == list(range(12))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--bids", "x", "--table", "y"], "--bids, --table choose different scans"),
        (["--bids", "x", "--data-dir", "y"], "--data-dir, --bids choose different scans"),
        (["--bids", "x"], "--bids needs --target"),
        (
            ["--target", "group"],
            "--target needs --bids or --table",
        ),
        (["--table", "x", "--task", "rest"], "--task needs --bids"),
        (["--bids", "x", "--t-r", "2"], "--t-r needs --table"),
        (["--bids", "x", "--sites", "NYU"], "--sites needs --data-dir"),
        (["--table", "x", "--atlas", "aal"], "--atlas needs --data-dir or --bids"),
        (["--table", "x", "--subjects", "9"], "--subjects is of simulated scans"),
        (["--bids", "nowhere", "--target", "x"], "There is no folder nowhere"),
        (["--table", "nowhere.csv", "--target", "x"], "There is no table nowhere.csv"),
    ],
)
def test_options_of_other_scans_are_refused_in_one_line(compare, options, message):
    code, _, err = compare(*options)
    assert code == 2 and message in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--target", "group", "--positive", "sick"],
            "--positive 'sick' is no class: group is ill",
        ),
        (
            ["--target", "age", "--target-kind", "classes", "--positive", "9"],
            "--positive '9' is no class: age is 20, 21",
        ),
        (["--target", "group", "--resample-to", "2"], "the repetition time of .*0.npy is unknown"),
    ],
)
def test_what_a_table_cannot_give_is_named(compare, table, options, message):
    code, _, err = compare("--table", table, *options)
    assert code == 2
    assert re.search(message, err)


def test_codes_are_names_in_all_results(compare, table, tmp_path):
    listed = pandas.read_csv(table)
    listed["group"] = listed["group"].map({"well": "001", "ill": "002"})
    listed["site"] = [["01", "02"][i // 2 % 2] for i in range(12)]
    listed["participant_id"] = [f"{i:03d}" for i in range(12)]
    listed.to_csv(table, index=False)
    options = ("--table", table, "--target", "group", "--site", "site", "--scheme", "pooled")
    code, out, err = compare(*options, "--positive", "001", "--confounds", "site", "--t-r", "2")
    assert code == 0, err
    assert (
        "01: 6 subjects (3 class 002, 3 class 001)" in out
        or "01: 6 subjects (3 class 001, 3 class 002)" in out
    )
    predictions = pandas.read_csv(tmp_path / "out" / "predictions.csv", dtype=str)
    assert set(predictions["subject"]) == {f"{i:03d}" for i in range(12)}
    assert set(predictions["y"]) == {"001", "002"}
    assert {site["site"] for site in record(tmp_path)["sites"]} == {"01", "02"}


def record(tmp_path):
    return json.loads((tmp_path / "out" / "cohort.json").read_text())
