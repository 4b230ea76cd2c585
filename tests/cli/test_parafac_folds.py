"""PARAFAC of the folds of a comparison, kept beside its results."""

import json

import numpy as np
import pytest

from sklearn_lstmdg import ParafacCommunities, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.cli import _parafac_folds as _parafac
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import load_comparison, make_seed
from sklearn_lstmdg.evaluation._store import FoldStore

pandas = pytest.importorskip("pandas")


@pytest.mark.slow
def test_parafac_decomposes_the_training_scans_of_the_folds(communities, learnt):
    code, out, err = communities("--parafac", "--parafac-step", 40)
    assert code == 0 and "[3/3] parafac" in err and "quick against parafac" in out
    table = pandas.read_csv(learnt / "communities.csv")
    assert set(table["method"]) == {"quick", "parafac"}
    assert table.loc[table["method"] == "parafac", "influence"].isna().all()
    fold = load_comparison(learnt).fold("quick", "SITE", fold=1)
    scans = make_scans(n_subjects=12, random_state=4).data[fold.train]
    bags = SubsequenceAugmenter(20, 40, 0).fit_transform(ScanCleaner().fit_transform(scans))
    seed = make_seed(0, "parafac", "SITE", 0, 1) % 2**32
    membership = ParafacCommunities(3, random_state=seed).fit(bags).membership_
    kept = FoldStore(learnt / "parafac").read_all()["parafac", "SITE", 0, 1]
    np.testing.assert_allclose(kept.arrays["membership"], membership, atol=1e-6)


@pytest.mark.slow
def test_parafac_goes_on_where_it_stopped(communities, learnt, monkeypatch):
    options = ("--parafac", "--parafac-step", 40)
    _, first, _ = communities(*options)
    finished = sorted((learnt / "parafac" / "folds").glob("*.npz"))
    assert len(finished) == 3
    finished[1].unlink()
    _, second, err = communities(*options)
    assert "2 of 3 folds were finished before" in err and err.count("] parafac") == 1
    assert second == first
    monkeypatch.setattr(_parafac, "_fit", None)
    assert communities(*options)[0] == 0  # nothing is left to fit
    code, _, err = communities("--parafac", "--parafac-step", 30)
    assert code == 2 and "these differ: settings" in err


def test_parafac_refuses_other_scans(communities, learnt):
    path = learnt / "options.json"
    options = json.loads(path.read_text())
    path.write_text(json.dumps(options | {"subjects": 8}))
    code, _, err = communities("--parafac")
    assert code == 2 and "not those compared" in err
    path.write_text("{}")
    code, _, err = communities("--parafac")
    assert code == 2 and "does not tell how scans were loaded" in err


@pytest.mark.parametrize(
    "change", [{"subjects": "8"}, {"sites": 3}, {"length": None}, {"atlas": []}]
)
def test_parafac_names_options_that_are_damaged(communities, learnt, change):
    path = learnt / "options.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    code, _, err = communities("--parafac")
    assert code == 2 and f"options.json is damaged: '{next(iter(change))}'" in err
