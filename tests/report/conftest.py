"""A results folder, and its page."""

import json
import shutil

import pytest

from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import compare_models
from sklearn_lstmdg.report import cohort_record, write_report

from _pages import ODD_NAME, leave_figures_out
from _stubs import Noise


@pytest.fixture(autouse=True)
def _extras():
    pytest.importorskip("pandas")
    pytest.importorskip("matplotlib")


@pytest.fixture(scope="session")
def cohort():
    """Two sites."""
    return make_scans(
        n_subjects=24, n_timepoints=12, n_rois=5, n_communities=2, n_sites=2, random_state=0
    )


@pytest.fixture(scope="session")
def folder(tmp_path_factory, cohort):
    """Two models of noise at two sites, with all that the command line leaves."""
    out = tmp_path_factory.mktemp("report") / "a study & more"
    compare_models(
        {"lstm-dg": Noise(), ODD_NAME: Noise(scale=2.0)},
        cohort.data,
        cohort.target,
        groups=cohort.groups,
        sites=cohort.sites,
        n_folds=3,
        out=out,
        random_state=0,
    )
    record = cohort_record(cohort, cohort.sites)
    (out / "cohort.json").write_text(json.dumps(record))
    options = {"models": ["lstm-dg", ODD_NAME], "data_dir": None, "seed": 0, "length": 5, "step": 1}
    (out / "options.json").write_text(json.dumps(options))
    return out


@pytest.fixture
def copy(folder, tmp_path):
    """The same folder, to be changed."""
    return shutil.copytree(folder, tmp_path / "copy")


@pytest.fixture(scope="session")
def page(folder):
    """The folder's page."""
    return write_report(folder).read_text(encoding="utf-8")


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the figures out."""
    leave_figures_out(monkeypatch)
