"""A block of voxels in place of a brain, and made-up studies of it."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg import decoding


@pytest.fixture(scope="module")
def mask():
    """A block of 10 x 9 x 8 voxels of 4 mm in a margin of one voxel."""
    nibabel = pytest.importorskip("nibabel")
    inside = np.zeros((12, 11, 10), dtype=np.uint8)
    inside[1:-1, 1:-1, 1:-1] = 1
    return nibabel.Nifti1Image(inside, np.diag([4.0, 4, 4, 1]))


@pytest.fixture(scope="module")
def studies():
    """Sixty studies, of which those with the term "left" have their peaks at low x."""
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(60), 4)
    xyz = rng.uniform(0, 40, (len(rows), 3)).round(1)
    left = np.arange(60) % 3 == 0
    xyz[left[rows], 0] *= 0.3
    weights = np.column_stack([left * 0.4, rng.random(60), np.arange(60) == 0, np.ones(60)])
    ids = rng.permutation(1000)[:60]
    peaks = pandas.DataFrame(xyz, columns=list("xyz")).assign(id=ids[rows])
    return Bunch(
        peaks=peaks.sample(frac=1, random_state=0),
        term_weights=weights,
        terms=["left", "any", "rare", "all"],
        ids=ids,
    )


@pytest.fixture(scope="module")
def maps(studies, mask):
    return decoding.term_maps_from_peaks(**studies, threshold=0.3, min_studies=5, mask=mask)


@pytest.fixture
def block_atlas(mask):
    """The block cut into 5 x 3 x 4 ROIs of 12 voxels, with codes from 100 in steps of 10."""
    nibabel = pytest.importorskip("nibabel")
    x, y, z = np.indices((10, 9, 8))
    labels = np.zeros(mask.shape, dtype=np.int16)
    labels[1:-1, 1:-1, 1:-1] = 100 + 10 * (x // 2 * 12 + y // 3 * 4 + z // 2)
    return decoding.load_atlas(nibabel.Nifti1Image(labels, mask.affine))


@pytest.fixture
def aal(data_dir):
    pytest.importorskip("nilearn")
    folder = data_dir / "atlases"
    return decoding.load_atlas(folder / "aal_mask_pad.nii.gz", folder / "aal_labels.csv")


@pytest.fixture
def atlas():
    """Three ROIs of unequal size whose codes are neither consecutive nor in order."""
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("nilearn")
    labels = np.zeros((12, 10, 8), dtype=np.int16)
    labels[1:4, 2:5, 2:6] = 7
    labels[6:10, 2:8, 1:3] = 40
    labels[5:7, 5:9, 5:7] = 2001
    affine = np.diag([-3.0, 3, 3, 1])
    affine[:3, 3] = [20, -30, 10]
    return decoding.load_atlas(nibabel.Nifti1Image(labels, affine), {7: "seven", 2001: "last"})
