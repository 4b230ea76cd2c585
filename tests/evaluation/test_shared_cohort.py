"""What all folds of a comparison share, checked."""

import mmap
import pickle
from contextlib import nullcontext

import numpy as np
import pytest

from sklearn_lstmdg import SubsequenceAugmenter
from sklearn_lstmdg.evaluation import _fold_runs, compare_models
from sklearn_lstmdg.models import make_model
from sklearn_lstmdg.network import torch_threads

from _fold_checks import rows_of
from _stubs import Noise, Recorder

pandas = pytest.importorskip("pandas")


def test_data_forms_reach_the_models_as_they_are(cohort, seen):
    X, y = cohort
    ragged = [scan[: 12 - i % 3] for i, scan in enumerate(X)]
    bags = SubsequenceAugmenter(length=5, step=2).fit_transform(X)
    for name, data in {"array": X, "list": ragged, "bags": bags, "table": X[:, 0]}.items():
        compare_models({name: Recorder(name)}, data, y, n_folds=3, random_state=0)
        call = seen[name][0]
        for row, scan in zip(rows_of(call["fit"]), call["fit"], strict=True):
            np.testing.assert_array_equal(scan, data[row])
    assert isinstance(seen["array"][0]["fit"], np.ndarray)
    assert isinstance(seen["list"][0]["fit"], list)
    bag = seen["bags"][0]["fit"][0]
    assert bag.strides[0] == 2 * bag.strides[1], "bags must stay views"


class Looker(Noise):
    """Tells whether its scans are mapped from a file, and how many threads torch has."""

    def fit(self, X, y, groups=None, validation=None):
        import torch

        super().fit(X, y)
        base = X[0]
        while isinstance(base, np.ndarray) and base.base is not None:
            base = base.base
        self.influence_ = np.array([isinstance(base, mmap.mmap), torch.get_num_threads()])
        return self


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_map_scans_and_tasks_do_not_carry_them(cohort, monkeypatch, n_jobs):
    X, y = cohort
    sizes, run = [], _fold_runs._run

    def spy(tasks, *arguments):
        sizes.extend(len(pickle.dumps(task)) for task in tasks)
        return run(tasks, *arguments)

    monkeypatch.setattr(_fold_runs, "_run", spy)
    ragged = [np.repeat(scan, 50 + i % 2, axis=0) for i, scan in enumerate(X)]
    with torch_threads(2):
        comparison = compare_models(
            {"a": Looker()}, ragged, y, n_folds=3, n_jobs=n_jobs, random_state=0
        )
    for fold in range(3):
        assert comparison.fold("a", fold=fold).influence.tolist() == [1, 1]
    assert len(sizes) == 3 and max(sizes) < 4000 < ragged[0].nbytes


def test_a_tested_row_cannot_be_a_source(cohort):
    X, y = cohort
    with pytest.raises(ValueError, match="Row 1 of X_unlabeled is in X too"):
        compare_models({"a": Noise()}, X, y, X_unlabeled=np.stack([X[0] + 1, X[7]]), n_folds=3)


@pytest.mark.parametrize("missing", [np.nan, None])
def test_a_site_that_is_missing_is_named(missing):
    sites = np.array(["a", "b", missing, "a"] * 5, dtype=object)
    with pytest.raises(ValueError, match="sites has no value for row 2 of X"):
        compare_models({"a": Noise()}, np.ones((20, 4)), np.arange(20) % 2, sites=sites, n_folds=3)


def test_other_names_of_rois_are_other_data(tmp_path):
    rng = np.random.default_rng(0)
    scans, y = [rng.normal(size=(9, 2)) for _ in range(6)], np.tile([0, 1], 3)
    options = {"n_folds": 3, "out": tmp_path, "random_state": 0}
    for names, refused in (("ab", False), ("ba", True)):
        X = [pandas.DataFrame(scan, columns=list(names)) for scan in scans]
        with pytest.raises(ValueError, match="differ: data") if refused else nullcontext():
            compare_models({"fc": make_model("fc-logistic")}, X, y, **options)


def test_confounds_that_are_no_numbers_are_named():
    scans, y = np.random.default_rng(0).normal(size=(12, 9, 2)), np.tile([0, 1], 6)
    ages = pandas.DataFrame({"age": ["old", *range(11)], "sex": ["f", "m"] * 6})
    with pytest.raises(ValueError, match="confounds: 'age' is 'old' in row 0 of X, and a number"):
        compare_models({"a": Noise()}, scans, y, confounds=ages, n_folds=3)
    with pytest.raises(ValueError, match=r"confounds holds something that is no number: .*'old'"):
        compare_models({"a": Noise()}, scans, y, confounds=[["old"]] * 12, n_folds=3)
    born = pandas.DataFrame({"born": pandas.to_datetime(["2001-02-03", *[None] * 11])})
    with pytest.raises(ValueError, match="confounds: 'born' holds dates, which are no numbers"):
        compare_models({"a": Noise()}, scans, y, confounds=born, n_folds=3)
    sex = ages[["sex"]]
    told = compare_models({"a": Noise()}, scans, y, confounds=sex, n_folds=3, random_state=0)
    assert "confounds" in set(told.folds["model"])
