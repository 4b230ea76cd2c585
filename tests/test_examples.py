"""Examples that download: what they do with small images in place of nilearn's, and offline."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils import Bunch

pandas = pytest.importorskip("pandas")
nibabel = pytest.importorskip("nibabel")
datasets = pytest.importorskip("nilearn.datasets")

import sklearn_lstmdg  # noqa: E402

from _image_trees import AFFINE, REGIONS, SHAPE, labels  # noqa: E402

FOLDER = Path(__file__).parents[1] / "examples" / "real_series"
N = 12


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """Let nilearn's functions return small images, and nets train for a moment."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    rng, codes = np.random.default_rng(0), np.asarray(labels().dataobj)
    paths, tables = [], []
    for row in range(N):
        path, table = tmp_path / f"{row}.nii.gz", tmp_path / f"{row}.tsv"
        image = rng.normal(100, 1, (*SHAPE, 44)).astype(np.float32)
        nibabel.Nifti1Image(image, AFFINE).to_filename(path)
        confounds = pandas.DataFrame(rng.standard_normal((44, 2)), columns=["csf", "wm"])
        confounds.to_csv(table, sep="\t", index=False)
        paths.append(str(path))
        tables.append(str(table))
    people = pandas.DataFrame(
        {
            "Age": np.linspace(4, 30, N),
            "Child_Adult": ["child"] * (N // 2) + ["adult"] * (N // 2),
            "adhd": [0, 1] * (N // 2),
            "site": [*"AABBCC"] * 2,
        }
    )
    maps = np.stack([codes == code for code in (3, 5, 8, 10)], axis=-1).astype(np.float32)
    made = {
        "atlas_msdl": Bunch(maps=nibabel.Nifti1Image(maps, AFFINE), labels=REGIONS),
        "atlas_schaefer_2018": Bunch(maps=labels()),
        "development_fmri": Bunch(func=paths, confounds=tables, phenotypic=people),
        "adhd": Bunch(func=paths, confounds=tables, phenotypic=people),
    }
    for name, content in made.items():
        monkeypatch.setattr(datasets, f"fetch_{name}", lambda content=content, **options: content)
    for name in ("LSTMDGClassifier", "LSTMDGRegressor"):
        quick = _quick(getattr(sklearn_lstmdg, name))
        monkeypatch.setattr(sklearn_lstmdg, name, quick)


def _quick(cls):
    return lambda **options: cls(n_units=2, max_updates=2, **options)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("fetch_development", ["12 scans of 44 points and 4 regions", "age group: AUC", "age: r"]),
        ("fetch_adhd", ["ADHD: AUC"]),
    ],
)
def test_examples_run(fetched, name, shown, capsys):
    pytest.importorskip("nilearn", minversion="0.13")  # before, no set_output and other fits
    runpy.run_path(str(FOLDER / f"{name}.py"))
    out = capsys.readouterr().out
    assert all(line in out for line in shown)


@pytest.mark.parametrize("name", ["fetch_development", "fetch_adhd"])
def test_examples_say_that_they_need_a_network(name, monkeypatch):
    def fail(**options):
        raise ConnectionError("no route")

    for fetch in ("atlas_msdl", "atlas_schaefer_2018"):
        monkeypatch.setattr(datasets, f"fetch_{fetch}", fail)
    with pytest.raises(SystemExit, match="needs a network: no route"):
        runpy.run_path(str(FOLDER / f"{name}.py"))
