"""Maps of terms over the brain, and reading them from a folder of images."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._extras import require
from ._images import brain_mask, on_grid
from ._label_atlas import Image, PathLike


@dataclass(frozen=True)
class TermMaps:
    """One map over the brain's voxels for each term.

    Parameters
    ----------
    terms : list of str
        The terms or topics.
    maps : ndarray of shape (n_terms, n_voxels)
        Usually association z values.
    mask : Nifti1Image
        The brain; its non-zero voxels, in C order, are the columns of `maps`.
    n_studies : ndarray of int of shape (n_terms,) or None
        How many studies use each term, where that is known.

    Raises
    ------
    ValueError
        If the maps do not fit the terms and the mask, or one is not finite.

    See Also
    --------
    term_maps_from_peaks : Maps from the activation peaks of many studies.
    term_maps_from_folder : Maps from images.

    Examples
    --------
    >>> import numpy as np
    >>> from nibabel import Nifti1Image
    >>> from sklearn_lstmdg.decoding import TermMaps
    >>> mask = Nifti1Image(np.ones((2, 2, 1), dtype=np.uint8), np.eye(4))
    >>> maps = TermMaps(["fear", "motor"], np.array([[3.0, 1, 0, 0], [0, 0, 1, 4]]), mask)
    >>> maps.image("fear").get_fdata()[..., 0]
    array([[3., 1.],
           [0., 0.]])
    """

    terms: list[str]
    maps: NDArray = field(repr=False)
    mask: Image = field(repr=False)
    n_studies: NDArray | None = field(default=None, repr=False)

    def __post_init__(self):
        wanted = (len(self.terms), int(self.inside.sum()))
        if self.maps.shape != wanted:
            raise ValueError(f"maps must have shape {wanted}, got {self.maps.shape}.")
        if not np.isfinite(self.maps).all():
            row = np.flatnonzero(~np.isfinite(self.maps).all(axis=1))[0]
            raise ValueError(f"The map of {self.terms[row]!r} is not finite in the brain.")

    @property
    def inside(self) -> NDArray[np.bool_]:
        """The brain's voxels, boolean ndarray of shape (x, y, z)."""
        return np.asarray(self.mask.dataobj) > 0

    def image(self, term: str) -> Image:
        """Return the map of a term.

        Parameters
        ----------
        term : str
            One of `terms`.

        Returns
        -------
        Nifti1Image
            0 outside the brain.

        Raises
        ------
        ValueError
            If there is no such term.
        """
        volume = np.zeros(self.mask.shape, dtype=np.float32)
        volume[self.inside] = self.maps[self.terms.index(term)]
        return require("nibabel", extra="neuro").Nifti1Image(volume, self.mask.affine)


def term_maps_from_folder(
    folder: PathLike, *, resolution: int = 4, mask: "Image | None" = None
) -> TermMaps:
    """Read one map per term from the NIfTI images of a folder.

    Parameters
    ----------
    folder : path
        Its ``*.nii`` and ``*.nii.gz`` files are the maps; the part of the name before the first
        dot is the term.
    resolution : int, default=4
        Voxel size in mm of the MNI152 brain mask; images on another grid are interpolated
        linearly.
    mask : Nifti1Image or None, default=None
        A brain mask in place of that one.

    Returns
    -------
    TermMaps
        In the order of the files' names.

    Raises
    ------
    ValueError
        If the folder has no images, two with the same term, or a map is not 3-D or not finite.
    """
    nibabel = require("nibabel", extra="neuro")
    paths = sorted(p for p in Path(folder).glob("*.nii*") if p.name.endswith((".nii", ".nii.gz")))
    terms = [path.name.partition(".")[0] for path in paths]
    if not terms:
        raise ValueError(f"{folder} has no NIfTI images.")
    if len(set(terms)) < len(terms):
        raise ValueError(f"{folder} has two images of one term.")
    mask = brain_mask(resolution) if mask is None else mask
    maps = [_voxels(nibabel.load(path), mask, path.name) for path in paths]
    return TermMaps(terms, np.array(maps), mask)


def _voxels(image, mask, name):
    """Return the values of an image in the brain's voxels, float32."""
    if len(image.shape) != 3:
        raise ValueError(f"{name} must be a 3-D image, its shape is {image.shape}.")
    image = on_grid(image, mask, "linear")
    return np.asarray(image.dataobj, dtype=np.float32)[np.asarray(mask.dataobj) > 0]
