"""Values of ROIs as images and back, always by ROI code and never by column position."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from sklearn.base import BaseEstimator

from .._bunch import Bunch
from .._extras import require
from ..datasets import on_grid
from ._label_atlas import Image, PathLike, label_array
from ._roi_codes import Rois, check_codes, locate


def to_image(
    values: ArrayLike, roi_codes: Rois, atlas: Bunch | None = None, *, resolution: int | None = None
) -> Image:
    """Paint values of ROIs into the brain.

    Parameters
    ----------
    values : array-like of shape (n_rois,) or (n_rois, n_maps)
        For instance a membership column, ``membership_``, ``communities_``, or a matrix of
        connectivity weights, whose volume j then shows the connections of ROI j.
    roi_codes : array-like of int or str of shape (n_rois,), or masker
        The atlas code, or name, of each row of `values`; or the masker of nilearn that averaged
        the scans, fitted, whose columns the rows are.
    atlas : Bunch, default=None
        From :func:`load_atlas`; with a masker it is not needed.
    resolution : int or None, default=None
        Voxel size in mm of nilearn's MNI152 grid to paint on, the codes being resampled to the
        nearest neighbour. By default the grid of the atlas.

    Returns
    -------
    Nifti1Image
        3-D, or 4-D with one volume per map; 0 outside the ROIs; uint8 for boolean values, else
        float32.

    Raises
    ------
    ValueError
        If the codes do not fit the values or the atlas.

    Examples
    --------
    >>> import numpy as np
    >>> from nibabel import Nifti1Image
    >>> from sklearn_lstmdg.decoding import from_image, load_atlas, to_image
    >>> atlas = load_atlas(Nifti1Image(np.array([[[7, 7], [2, 0]]], dtype=np.int16), np.eye(4)))
    >>> image = to_image([0.5, -1], [7, 2], atlas)
    >>> image.get_fdata()[0]
    array([[ 0.5,  0.5],
           [-1. ,  0. ]])
    >>> from_image(image, [2, 7], atlas)
    array([-1. ,  0.5])
    """
    numbers = np.asarray(values)
    if numbers.ndim not in (1, 2) or numbers.dtype.kind not in "biuf":
        raise ValueError(f"values must be 1-D or 2-D numbers, got shape {numbers.shape}.")
    if hasattr(roi_codes, "maps_img"):
        return _paint_maps(numbers, roi_codes)
    codes, atlas = locate(roi_codes, atlas, len(numbers))
    numbers = numbers.astype(np.uint8 if numbers.dtype == bool else np.float32)
    grid = atlas.image if resolution is None else brain_mask(resolution)
    # By hand, as nilearn's inverse_transform wants a value for every code, in the atlas's order.
    labels = labels_on(grid, atlas)
    volumes = np.zeros((*labels.shape, *numbers.shape[1:]), dtype=numbers.dtype)
    order = np.argsort(codes)
    nearest = order[np.searchsorted(codes[order], labels).clip(max=len(codes) - 1)]
    inside = codes[nearest] == labels
    volumes[inside] = numbers[nearest[inside]]
    return require("nibabel", extra="neuro").Nifti1Image(volumes, grid.affine)


def _paint_maps(values, masker):
    """Return the sum of a masker's maps, weighted by values."""
    rows = np.atleast_2d(values.astype(np.float32).T)
    return masker.inverse_transform(rows[0] if values.ndim == 1 else rows)


def from_image(image: "PathLike | Image", roi_codes: ArrayLike, atlas: Bunch) -> NDArray:
    """Average an image over each ROI; the inverse of :func:`to_image`.

    Parameters
    ----------
    image : path or NIfTI image
        3-D, or 4-D with one map per volume. Where its grid is not the atlas's, the codes are
        resampled to it, to the nearest neighbour.
    roi_codes : array-like of int or str of shape (n_rois,)
        Which ROIs, by code or name, in which order.
    atlas : Bunch
        From :func:`load_atlas`.

    Returns
    -------
    ndarray of shape (n_rois,) or (n_rois, n_maps)
        The mean of each ROI, in the order of `roi_codes`.

    Raises
    ------
    ValueError
        If a code is not in the atlas, has no voxel on the image's grid, or the image is not
        finite in it.
    """
    codes = check_codes(roi_codes, atlas)
    loaded = require("nilearn.image", extra="neuro").load_img(image)
    labels = labels_on(loaded, atlas)
    absent = codes[~np.isin(codes, labels)]
    if absent.size:
        raise ValueError(f"ROI {absent[0]} has no voxel on the image's grid.")
    data = np.asarray(loaded.dataobj, dtype=float)
    volumes = np.moveaxis(data.reshape(*labels.shape, -1), -1, 0)
    # nilearn's masker would put 0 for values that are not finite, and average over these too.
    means = np.column_stack([ndimage.mean(volume, labels, codes) for volume in volumes])
    if not np.isfinite(means).all():
        row = np.flatnonzero(~np.isfinite(means).all(axis=1))[0]
        raise ValueError(f"The image is not finite in ROI {codes[row]}.")
    return means[:, 0] if data.ndim == 3 else means


def estimator_images(
    estimator: BaseEstimator,
    roi_codes: Rois = None,
    atlas: Bunch | None = None,
    *,
    resolution: int | None = None,
) -> Bunch:
    """Paint what a fitted estimator has learnt.

    Parameters
    ----------
    estimator : object
        Fitted, with one of ``membership_``, ``communities_`` and ``connectivity_coef_``.
    roi_codes : array-like of int or str of shape (n_rois,), masker, default=None
        The atlas code, or name, of each ROI of the scans, or nilearn's masker that averaged them;
        None finds the names that the estimator knows in the atlas.
    atlas : Bunch, default=None
        From :func:`load_atlas`; with a masker it is not needed.
    resolution : int or None, default=None
        See :func:`to_image`.

    Returns
    -------
    Bunch of Nifti1Image
        What the estimator has of ``membership`` and ``communities`` (one volume per
        community), ``influence`` (each ROI's sum over its communities' influence) and
        ``connectivity_coef`` (volume j has the weights of ROI j's connections).

    Raises
    ------
    ValueError
        If the estimator has none of them.
    """
    names = ("membership", "communities", "connectivity_coef")
    values = {name: getattr(estimator, f"{name}_", None) for name in names}
    influence = getattr(estimator, "influence_", None)
    if values["communities"] is not None and influence is not None:
        values["influence"] = values["communities"] @ influence
    rois = getattr(estimator, "feature_names_in_", None) if roi_codes is None else roi_codes
    images = {
        name: to_image(value, rois, atlas, resolution=resolution)
        for name, value in values.items()
        if value is not None
    }
    if not images:
        raise ValueError(f"{type(estimator).__name__} has none of {', '.join(names)} to paint.")
    return Bunch(**images)


def centroids(roi_codes, atlas):
    """Return the mean position of each ROI's voxels, ndarray of shape (n_rois, 3), in mm."""
    # nilearn's find_parcellation_cut_coords takes the largest connected part of the left half only.
    labels = label_array(atlas.image)
    voxels = ndimage.center_of_mass(labels > 0, labels, check_codes(roi_codes, atlas))
    return np.array(voxels) @ atlas.image.affine[:3, :3].T + atlas.image.affine[:3, 3]


def brain_mask(resolution):
    """Return nilearn's MNI152 brain mask, with voxels of `resolution` mm."""
    datasets = require("nilearn.datasets", extra="neuro")
    return datasets.load_mni152_brain_mask(resolution=resolution)


def labels_on(grid, atlas):
    """Return the atlas's codes on the grid of an image, ndarray of int of shape (x, y, z)."""
    return label_array(on_grid(atlas.image, grid, "nearest"))
