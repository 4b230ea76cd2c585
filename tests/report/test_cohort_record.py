"""Who took part, as a record that JSON can hold."""

import json

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.datasets import load_abide, load_bids
from sklearn_lstmdg.report import cohort_record

from _trees import make_tree


def test_real_counts_and_motion(data_dir):
    nyu = load_abide(
        data_dir, atlas="ho", pipeline="cpac", global_signal_regression=False, sites="NYU"
    )
    (site,) = json.loads(json.dumps(cohort_record(nyu, nyu.sites)))["sites"]
    assert [site[n] for n in ("table", "selected", "files", "loaded")] == [184, 184, 172, 172]
    means = [group["motion"][0] for group in site["groups"]]
    np.testing.assert_allclose(means, [0.083, 0.059], atol=5e-4)
    assert [group["n"] for group in site["groups"]] == [74, 98]


def test_missing_phenotypes_are_left_out(cohort):
    table = cohort.phenotypic.copy()
    table["func_mean_fd"][cohort.target == 1] = -9999
    table["func_mean_fd"][np.flatnonzero(cohort.target == 0)[1:]] = -9999
    changed = Bunch(**cohort | {"phenotypic": table})
    autism, control = cohort_record(changed, np.full(24, "all"))["sites"][0]["groups"]
    assert autism["motion"] is None and autism["age"][2] == 12
    assert control["motion"][1:] == [0.0, 1]


def test_mixed_repetition_times_are_told(cohort):
    assert cohort_record(cohort, cohort.sites, 30)["notices"] == []
    mixed = Bunch(**cohort | {"t_r": np.repeat([2.0, 1.5, np.nan], [20, 3, 1])})
    (told,) = cohort_record(mixed, cohort.sites, 30)["notices"]
    assert "3 scans of 1.5 s, where a window lasts 45 s; 20 scans of 2 s, where" in told
    (told,) = cohort_record(mixed, cohort.sites)["notices"]
    assert "3 scans of 1.5 s; 20 scans of 2 s. Models" in told and "--resample-to" in told


def test_classes_have_their_own_names(tmp_path):
    pytest.importorskip("pandas")
    tree = make_tree(tmp_path, n_subjects=6, sessions=("1",))
    with pytest.warns(UserWarning, match="Left out: 1"):
        cohort = load_bids(tree, target="diagnosis")
    record = json.loads(json.dumps(cohort_record(cohort, cohort.sites)))
    groups = record["sites"][0]["groups"]
    assert [(group["label"], group["name"]) for group in groups] == [
        ("patient", "patient"),
        ("control", "control"),
    ]
    assert [group["n"] for group in groups] == [2, 3]
    np.testing.assert_allclose([group["age"][0] for group in groups], [22.5, 22.5])
    assert [scan["participant_id"] for scan in record["left_out"]] == ["sub-06"]
    assert record["roi_codes"] is None


@pytest.mark.parametrize(
    ("words", "n_male"),
    [("MFMFMF", 3), (["male", "female", "Male", "female", None, "n/a"], 2), ("xxxxxx", None)],
)
def test_sex_in_words_is_counted(tmp_path, words, n_male):
    pandas = pytest.importorskip("pandas")
    tree = make_tree(tmp_path, n_subjects=6, missing=False)
    table = pandas.read_csv(tree.parents[1] / "participants.tsv", sep="\t").assign(sex=list(words))
    cohort = load_bids(tree, table, target="diagnosis")
    patients, controls = cohort_record(cohort, cohort.sites)["sites"][0]["groups"]
    total = None if n_male is None else patients["n_male"] + controls["n_male"]
    assert total == n_male
