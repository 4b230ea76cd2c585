"""Atlases by name, as nilearn's functions return them; no test reads the network."""

import numpy as np
import pytest

from _image_trees import labels, write_atlas

pandas = pytest.importorskip("pandas")
nibabel = pytest.importorskip("nibabel")
datasets = pytest.importorskip("nilearn.datasets")

from sklearn_lstmdg.datasets._atlases import find_atlas  # noqa: E402

CODES = [3, 5, 8, 10]
LUT = pandas.DataFrame({"index": [0, *CODES], "name": ["Background", *"abcd"]})


def maps():
    codes = np.asarray(labels().dataobj)
    voxels = np.stack([codes == code for code in CODES], axis=-1).astype(np.float32)
    return nibabel.Nifti1Image(voxels, labels().affine)


@pytest.fixture
def fetched(monkeypatch):
    """Let nilearn's functions return small atlases; the calls are kept."""
    calls = {}

    def replace(name, **content):
        def fetch(**options):
            calls[name] = options
            return content

        class Atlas(dict):
            __getattr__ = dict.__getitem__

        monkeypatch.setattr(datasets, f"fetch_atlas_{name}", lambda **o: Atlas(fetch(**o)))

    replace("schaefer_2018", maps=labels(), lut=LUT)
    replace("yeo_2011", maps=_four_axes(), lut=LUT)
    replace("difumo", maps=maps(), labels=pandas.DataFrame({"difumo_names": ["a", "b", "a", "c"]}))
    replace("msdl", maps=maps(), labels=["L", "R", "V", "P"])
    replace("aal", maps=labels(), indices=["3", "5", "8", "10"], labels=[*"wxyz"])
    return calls


def _four_axes():
    image = labels()
    return nibabel.Nifti1Image(np.asarray(image.dataobj)[..., None], image.affine)


@pytest.mark.parametrize(
    ("name", "label", "names", "asked"),
    [
        (
            "schaefer2018-100-17",
            "schaefer201810017",
            [*"abcd"],
            {"n_rois": 100, "yeo_networks": 17},
        ),
        ("Schaefer2018", "Schaefer2018", [*"abcd"], {"n_rois": 400, "yeo_networks": 7}),
        ("yeo2011-17", "yeo201117", [*"abcd"], {"n_networks": 17}),
        ("difumo-64", "difumo64", ["a", "b", "a 2", "c"], {"dimension": 64}),
        ("msdl", "msdl", [*"LRVP"], {}),
        ("aal", "aal", [*"wxyz"], {"version": "SPM12"}),
    ],
)
def test_atlases_by_name(fetched, name, label, names, asked):
    atlas = find_atlas(name)
    assert (atlas.label, atlas.names) == (label, names)
    (options,) = fetched.values()
    assert asked.items() <= options.items()
    has_maps = name in ("difumo-64", "msdl")
    assert (atlas.codes is None) == has_maps and len(atlas.image.shape) == (4 if has_maps else 3)


def test_older_versions_of_nilearn_have_lists_of_names(fetched, monkeypatch):
    old = {"maps": labels(), "labels": [b"a", b"b", b"c"]}
    numbered = np.searchsorted([0, 3, 5, 8, 10], np.asarray(labels().dataobj)).clip(max=3)
    old["maps"] = nibabel.Nifti1Image(numbered.astype(np.int16), labels().affine)

    class Atlas(dict):
        __getattr__ = dict.__getitem__

    monkeypatch.setattr(datasets, "fetch_atlas_schaefer_2018", lambda **options: Atlas(old))
    assert find_atlas("schaefer2018-100").names == [*"abc"]


def test_without_a_network_there_is_one_line(monkeypatch):
    def fail(**options):
        raise ConnectionError("no route")

    monkeypatch.setattr(datasets, "fetch_atlas_msdl", fail)
    with pytest.raises(OSError, match=r"msdl cannot be downloaded \(ConnectionError\)"):
        find_atlas("msdl")


def test_sizes_that_nilearn_does_not_have():
    with pytest.raises(ValueError, match="nilearn has no atlas schaefer2018-7"):
        find_atlas("schaefer2018-7")
    with pytest.raises(ValueError, match="nilearn has no atlas aal-7"):
        find_atlas("aal-7")


@pytest.mark.parametrize(
    ("voxels", "table", "error"),
    [
        (np.zeros((2, 2, 2)), None, "is empty"),
        (np.full((2, 2, 2), 0.5), None, "whole codes from 0 on"),
        (np.full((2, 2, 2), -1.0), None, "whole codes from 0 on"),
        (np.ones((2, 2)), None, r"3 or 4 axes, this has shape \(2, 2\)"),
        (np.ones((2, 2, 2, 3)), "index\tname\n1\ta\n", "has 3 maps, but 1 names"),
        (np.ones((2, 2, 2)), "index\tregion\n1\ta\n", "needs the columns index .or code. and name"),
        (np.ones((2, 2, 2)), "index\tname\nx\ta\n", "index must hold whole numbers"),
        (np.ones((2, 2, 2)), "index\tname\n1\tn/a\n", "line 2: name is missing"),
    ],
)
def test_bad_atlases(tmp_path, voxels, table, error):
    path = write_atlas(tmp_path, image=nibabel.Nifti1Image(voxels, np.eye(4)), table=False)
    if table:
        (tmp_path / "atlas-Mine_dseg.tsv").write_text(table)
    with pytest.raises(ValueError, match=error):
        find_atlas(path)


def test_a_damaged_image_is_named(tmp_path):
    path = tmp_path / "atlas.nii.gz"
    path.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"atlas\.nii\.gz is no image that can be read"):
        find_atlas(path)


def test_a_file_is_sent_by_its_name(tmp_path):
    atlas = find_atlas(write_atlas(tmp_path))
    assert isinstance(atlas.without_voxels().image, str)
    assert atlas.without_voxels().with_voxels().image.shape == (8, 8, 8)
    own = find_atlas(labels(), {3: "a", 5: "b", 8: "c", 10: "d"})
    assert own.without_voxels() is own and own.label == "own"
