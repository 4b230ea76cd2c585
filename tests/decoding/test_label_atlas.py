"""Atlases of labels, and the names of their codes."""

from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_lstmdg import decoding

nibabel = pytest.importorskip("nibabel")
pytest.importorskip("nilearn")


def test_atlas_has_the_codes_of_its_image_and_the_names_of_its_table(atlas, tmp_path):
    assert atlas.codes.tolist() == [7, 40, 2001]
    assert atlas.names == ["seven", "40", "last"]
    nibabel.save(atlas.image, tmp_path / "labels.nii.gz")
    (tmp_path / "names.tsv").write_text("name\tcode\nlast\t2001\nforty\t40\nseven\t7\n")
    read = decoding.load_atlas(tmp_path / "labels.nii.gz", tmp_path / "names.tsv")
    assert read.names == ["seven", "forty", "last"]


def test_atlases_by_name(monkeypatch, atlas, tmp_path):
    datasets = pytest.importorskip("nilearn.datasets")
    label_path = tmp_path / "labels.nii.gz"
    nibabel.save(atlas.image, label_path)
    calls = {}

    def fetch(name, **values):
        def fetcher(*args, **kwargs):
            calls[name] = (args, kwargs)
            return SimpleNamespace(**values)

        monkeypatch.setattr(datasets, name, fetcher)

    fetch(
        "fetch_atlas_aal",
        maps=str(label_path),
        indices=["0", "2001", "7", "40"],
        labels=["Background", "Precentral_L", "A", "B"],
    )
    assert decoding.load_atlas("AAL").names == ["A", "B", "Precentral_L"]
    assert calls["fetch_atlas_aal"][1]["version"] == "SPM12"

    few = nibabel.Nifti1Image((np.asarray(atlas.image.dataobj) == 7).astype("i2"), np.eye(4))
    fetch("fetch_atlas_harvard_oxford", maps=few, labels=["Background", "Frontal Pole"])
    assert decoding.load_atlas("harvard-oxford").names == ["Frontal Pole"]

    n_rois = np.array([50, 190, 260])
    volumes = np.arange(4 * 10 * 10).reshape(4, 10, 10, 1) % (n_rois + 1)
    fetch("fetch_atlas_craddock_2012", maps=nibabel.Nifti1Image(volumes.astype("i2"), np.eye(4)))
    assert len(decoding.load_atlas("cc200").codes) == 190
    assert calls["fetch_atlas_craddock_2012"][1]["grp_mean"] is False


def test_names_and_centroids_of_aal(aal, data_dir):
    pandas = pytest.importorskip("pandas")
    from sklearn_lstmdg.decoding._images import centroids

    table = pandas.read_csv(data_dir / "atlases" / "aal_labels.csv")
    assert aal.names == table["name"].tolist()
    wanted = table[["x_mni", "y_mni", "z_mni"]].to_numpy()
    np.testing.assert_allclose(centroids(table["code"], aal), wanted, atol=0.06)
    backwards = centroids(table["code"][::-1], aal)
    np.testing.assert_allclose(backwards, wanted[::-1], atol=0.06)
