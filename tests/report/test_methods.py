"""The paragraph for a paper."""

import json
import re

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor

from sklearn_lstmdg.evaluation import compare_models, load_comparison
from sklearn_lstmdg.report import write_report

pytest.importorskip("pandas")
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("undrawn")


def told(folder):
    """Return the paragraph, and the works that it cites."""
    write_report(folder)
    record = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    paragraph, *works = record["methods"]["text"]
    return paragraph, works


def test_numbers_are_those_of_the_run(copy):
    paragraph, _ = told(copy)
    assert "simulated scans of 24 subjects (12 group 1, 12 group 0) of 2 sites." in paragraph
    assert "3-fold cross-validation within each site and by class" in paragraph
    assert "(random seed 0)" in paragraph and "  " not in paragraph
    record = json.loads((copy / "report.json").read_text())
    row = record["results"]["models"][0]
    interval = f"{row['auc']:.3f} ({row['auc_low']:.3f} to {row['auc_high']:.3f})"
    assert f"AUC (95 % interval) was {interval} for lstm-dg" in paragraph
    versions = next(iter(load_comparison(copy)._results.values())).facts["versions"]
    assert f"scikit-learn {versions['scikit-learn']}" in paragraph


def test_works_are_numbered_as_they_are_cited(copy):
    options = json.loads((copy / "options.json").read_text())
    options |= {"data_dir": "/home/somebody/scans", "pipeline": "cpac", "atlas": "ho"}
    cohort = json.loads((copy / "cohort.json").read_text()) | {"simulated": False}
    (copy / "options.json").write_text(json.dumps(options))
    (copy / "cohort.json").write_text(json.dumps(cohort))
    paragraph, works = told(copy)
    assert re.findall(r"\[(\d+)\]", paragraph) == [str(n + 1) for n in range(len(works))]
    assert all(work.startswith(f"[{n}] ") for n, work in enumerate(works, 1))
    assert "Di Martino" in works[0] and "resting-state fMRI series of 24" in paragraph
    assert "somebody" not in paragraph


def test_one_model_is_tested_against_none(copy):
    for path in (copy / "folds").glob("odd*"):
        path.unlink()
    paragraph, works = told(copy)
    assert "Holm" not in " ".join([paragraph, *works])


def test_a_metric_that_is_not_known_is_not_told(tmp_path):
    X, y = np.zeros((9, 4, 2)), np.arange(9) / 2
    models = {"a": DummyRegressor(strategy="constant", constant=0.0)}
    compare_models(models, X, y, n_folds=3, out=tmp_path, random_state=0)
    paragraph, _ = told(tmp_path)
    assert "nan" not in paragraph and " was ." not in paragraph
