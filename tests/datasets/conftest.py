"""Small copies of PCP's layout, of derivatives, and of fMRIPrep's images."""

import numpy as np
import pytest

from _pcp import CODES, QC, SUBJECTS, write_scan


@pytest.fixture
def series():
    rng = np.random.default_rng(0)
    return {sub_id: rng.standard_normal((40, len(CODES))) for sub_id, *_ in SUBJECTS}


@pytest.fixture
def table():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(SUBJECTS, columns=["SUB_ID", "SITE_ID", "FILE_ID", "DX_GROUP"])
    table[QC] = "OK"
    return table


@pytest.fixture
def folder(tmp_path, series, table):
    """A small copy of PCP's layout: the three files of site CMU and those with a name."""
    root = tmp_path / "ABIDE_pcp"
    folder = root / "ccs" / "filt_global"
    for sub_id, _, name, _ in SUBJECTS:
        if name != "no_filename":
            write_scan(folder, name, series[sub_id])
    write_scan(folder, "CMU_b_0050008", series[50008])
    table.to_csv(root / "Phenotypic_V1_0b_preprocessed1.csv", index=False)
    return folder


@pytest.fixture
def tree(tmp_path):
    from _trees import make_tree

    return make_tree(tmp_path, n_subjects=6)


@pytest.fixture
def whole(tmp_path):
    """One session of each subject, and no parcel missing."""
    from _trees import make_tree

    return make_tree(tmp_path, n_subjects=6, sessions=("1",), missing=False)


@pytest.fixture
def listed(tmp_path):
    """A table of four scans, of two participants."""
    pd = pytest.importorskip("pandas")
    from _series_formats import draw

    for i in range(4):
        np.save(tmp_path / f"scan{i}.npy", draw(i, 30 + i))
    return pd.DataFrame(
        {
            "scan": [f"scan{i}.npy" for i in range(4)],
            "participant_id": ["a", "a", "b", "b"],
            "label": ["ill", "ill", "well", "well"],
            "centre": ["X", "X", "Y", "Y"],
            "age": [20, 20, 31.5, 31.5],
            "tr": [2, 2, 0.8, None],
        }
    )


@pytest.fixture
def study(tmp_path):
    """Return the folders of images and of series, and the atlas."""
    from _image_trees import make_fmriprep, write_atlas

    return make_fmriprep(tmp_path), tmp_path / "series", write_atlas(tmp_path / "atlas")
