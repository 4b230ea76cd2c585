"""nilearn's maskers in model files."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import FCSVM, ScanCleaner
from sklearn_lstmdg.persistence import load_model, save_model
from sklearn_lstmdg.persistence._saved_masker import SavedMasker

from _model_files import same

skops = pytest.importorskip("skops.io")


@pytest.mark.parametrize(
    "params",
    [{"memory": "cache"}, {"labels_img": "elsewhere.nii"}, {"lut": "elsewhere.tsv"}, {"lut": 3}],
)
def test_maskers_may_not_choose_what_is_read(params):
    """A cache holds pickles, and fitting a masker reads it: this is checked before."""
    masker = SavedMasker("NiftiLabelsMasker", params, {})
    with pytest.raises(ValueError, match="cannot be in a file"):
        masker.make()


@pytest.mark.parametrize("form", ["table", "path", "text"])
def test_a_pipeline_that_begins_with_nilearns_masker(form, path, tmp_path):
    pytest.importorskip("nilearn", minversion="0.13")  # before, y was taken for confounds
    pandas = pytest.importorskip("pandas")
    maskers, nibabel = pytest.importorskip("nilearn.maskers"), pytest.importorskip("nibabel")
    labels = np.zeros((6, 6, 6), np.int16)
    labels[:3], labels[3:], labels[2:4, 2:4, 2:4] = 1, 2, 3
    rng = np.random.default_rng(0)
    images = [
        nibabel.Nifti1Image(rng.normal(size=(6, 6, 6, 20)).astype(np.float32), np.eye(4))
        for _ in range(8)
    ]
    names = pandas.DataFrame({"index": [0, 1, 2, 3], "name": ["Background", "a", "b", "c"]})
    file = tmp_path / "lut.tsv"
    names.to_csv(file, sep="\t", index=False)
    masker = maskers.MultiNiftiLabelsMasker(
        nibabel.Nifti1Image(labels, np.eye(4)),
        lut={"table": names, "path": file, "text": str(file)}[form],
        standardize=None,
    )
    model = make_pipeline(masker, ScanCleaner(), FCSVM(Cs=[0.1], random_state=0))
    model.fit(images, np.arange(8) % 2)
    save_model(model, path)
    file.unlink()
    loaded = load_model(path)
    assert same(loaded.predict_proba(images), model.predict_proba(images))
    assert loaded[0].region_names_ == model[0].region_names_
