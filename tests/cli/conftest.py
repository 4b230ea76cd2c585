"""Commands that run in the test, and folders that they have left."""

import numpy as np
import pytest

from sklearn_lstmdg import models
from sklearn_lstmdg.cli import main
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import compare_models

from _planted import Planted, Several, Without
from _stubs import Noise


@pytest.fixture
def quick_models(monkeypatch):
    """Replace the models by quick ones."""
    quick = {
        "quick": lambda length, step, regress: Noise(scale=length * step),
        "regressed": lambda length, step, regress: Noise(scale=2.0 if regress else 1.0),
        "broken": lambda length, step, regress: Noise(seconds="no number"),
    }
    monkeypatch.setattr(models, "_FACTORIES", models._FACTORIES | quick)


@pytest.fixture
def run(capsys):
    """Run a command; returns exit code, output, errors."""

    def run(*words):
        code = main([str(word) for word in words])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def refuse(capsys):
    """Run a command of wrong usage; returns the one line that it is refused with."""

    def refuse(*words):
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        (line,) = capsys.readouterr().err.splitlines()
        assert stop.value.code == 2
        return line

    return refuse


@pytest.fixture
def compare(tmp_path, run, quick_models):
    """Run compare with quick models; returns exit code, output, errors."""

    def compare(*options, quick=("--models", "quick", "--folds", "3")):
        size = () if {"--data-dir", "--subjects"} & set(options) else ("--subjects", "12")
        return run("compare", *quick, *size, "--out", tmp_path / "out", *options)

    return compare


@pytest.fixture(scope="module")
def cohort():
    return make_scans(n_subjects=12, n_timepoints=8, n_rois=5, n_communities=2, random_state=0)


@pytest.fixture
def atlas(tmp_path):
    """Five blocks of an atlas with the codes 2, 4, ..., 10, and their names."""
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("nilearn")
    pandas = pytest.importorskip("pandas")
    labels = np.zeros((12, 8, 8), dtype=np.int16)
    for i, (y, z) in enumerate([(2, 2), (1, 3), (3, 1), (2, 3), (1, 2)]):
        labels[2 * i + 1 : 2 * i + 3, y : y + 4, z : z + 4] = 2 * (i + 1)
    affine = np.diag([8.0, 8, 8, 1])
    affine[:3, 3] = -48, -50, -15  # within the brain of MNI152
    nibabel.Nifti1Image(labels, affine).to_filename(tmp_path / "atlas.nii.gz")
    names = pandas.DataFrame({"code": [2, 4, 6, 8, 10], "name": list("ABCDE")})
    names.to_csv(tmp_path / "labels.csv", index=False)
    return ["--atlas", tmp_path / "atlas.nii.gz", "--labels", tmp_path / "labels.csv"]


@pytest.fixture
def folder(tmp_path, cohort):
    compare_models(
        {"fc-svm": Noise(), "lstm-dg": Noise(scale=2.0)},
        cohort.data,
        cohort.target,
        n_folds=3,
        out=tmp_path / "out",
        random_state=0,
    )
    return tmp_path / "out"


@pytest.fixture
def learnt(tmp_path, monkeypatch, run):
    """A finished comparison of two quick models."""
    quick = {
        "quick": lambda length, step, regress: Planted(),
        "other": lambda length, step, regress: Planted(),
        "nets": lambda length, step, regress: Several(),
        "plain": lambda length, step, regress: Without(),
    }
    monkeypatch.setattr(models, "_FACTORIES", models._FACTORIES | quick)
    learnt = tmp_path / "out"
    options = ["--folds", "3", "--subjects", "12", "--length", "20", "--seed", "4", "--quiet"]
    assert run("compare", "--models", *quick, *options, "--out", learnt)[0] == 0
    return learnt


@pytest.fixture
def communities(learnt, run):
    """Run the command; returns exit code, output, errors."""

    def communities(*options, model=("quick",)):
        return run("communities", learnt, "--permutations", 3, "--model", *model, *options)

    return communities
