"""The commands report, decode and fetch, as a user meets them."""

import json
import sys

import pytest

from sklearn_lstmdg.evaluation import compare_models

from _pages import leave_figures_out
from _stubs import Noise

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")
pytestmark = pytest.mark.usefixtures("_undrawn")


@pytest.fixture
def _undrawn(monkeypatch):
    """Leave the page's figures out, which the tests of the page look at."""
    leave_figures_out(monkeypatch)


def test_report_names_the_page(run, folder):
    code, out, err = run("report", folder)
    assert code == 0 and out == f"Report: {folder / 'report.html'}\n"
    assert err.splitlines()[0] == "[ 1/20] How to cite" and "] ROC curves\n" in err
    assert "<h1>Comparison of models: out</h1>" in (folder / "report.html").read_text()


def test_report_elsewhere_and_quietly(run, folder, tmp_path):
    page = tmp_path / "new" / "page.html"
    code, out, err = run("report", folder, "--out", page, "--quiet", "--title", "A & B")
    assert (code, err) == (0, "") and out == f"{page}\n" and not (folder / "report.html").exists()
    assert json.loads(page.with_suffix(".json").read_text())["title"] == "A & B"
    assert "<title>A &amp; B</title>" in page.read_text()


def test_report_takes_runs_with_permuted_labels(run, folder, cohort, tmp_path):
    models = {"fc-svm": Noise(), "lstm-dg": Noise(scale=2.0)}
    options = {"n_folds": 3, "out": tmp_path / "null", "random_state": 0}
    compare_models(models, cohort.data, cohort.target[::-1], **options)
    code, _, err = run("report", folder, "--permuted", tmp_path / "null")
    assert code == 0 and "warning" not in err
    assert "True and permuted labels" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere"], "no finished fold"),
        (["out", "--reference", "x"], "reference='x'"),
        (["out", "--atlas", "nowhere.nii"], "nowhere.nii"),
    ],
)
def test_report_s_errors_are_one_line(run, folder, monkeypatch, options, message):
    monkeypatch.chdir(folder.parent)
    code, out, err = run("report", *options)
    assert code == 2 and out == "" and message in err and len(err.splitlines()) == 1


def test_a_missing_extra_is_told_before_the_work(run, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, err = run("report", folder)
    assert code == 2 and out == "" and "'sklearn-lstmdg[plot]'" in err
    assert len(err.splitlines()) == 1
