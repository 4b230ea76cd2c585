"""Values of ROIs as images and back, always by ROI code and never by column position."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from sklearn.base import BaseEstimator

from .._bunch import Bunch
from .._extras import require

if TYPE_CHECKING:
    from nibabel import Nifti1Image
    from pandas import DataFrame

PathLike: TypeAlias = str | os.PathLike[str]
Image: TypeAlias = "Nifti1Image"
Table: TypeAlias = "DataFrame"


def load_atlas(
    name_or_path: "PathLike | Image",
    labels: "PathLike | Mapping[int, str] | Table | None" = None,
    *,
    data_dir: PathLike | None = None,
) -> Bunch:
    """Load a label image and the names of its ROIs.

    Parameters
    ----------
    name_or_path : {"aal", "harvard-oxford", "cc200"}, path or NIfTI image
        A name is fetched by nilearn (over the network, then from its cache): AAL as of SPM12,
        116 ROIs; Harvard-Oxford, cortex, maximum probability over 25 %, sides apart; of
        Craddock's two-level temporal parcellations the one nearest to 200 ROIs. The masks that
        the Preprocessed Connectomes Project averaged over have the same codes for AAL, and
        other codes for Harvard-Oxford and CC200: for its series, give the path of its mask.
    labels : path, mapping, data frame or None, default=None
        Names of the codes: a table (``.csv``, or tab separated) with the columns ``code`` and
        ``name``, the same as a data frame, or a mapping from code to name. By default the
        fetched names, and the codes themselves for a path.
    data_dir : path or None, default=None
        Where nilearn caches what it fetches.

    Returns
    -------
    Bunch
        ``image`` (3-D NIfTI image of codes, 0 outside), ``codes`` (ndarray of int of shape
        (n_rois,), rising) and ``names`` (list of str).

    Raises
    ------
    ValueError
        If there is no such name or file, or the image is not a 3-D image of whole codes.
    """
    image, names = _find_atlas(name_or_path, data_dir)
    codes = np.unique(_label_array(image))
    codes = codes[codes != 0]
    if not codes.size:
        raise ValueError("The atlas is empty: all its voxels are 0.")
    if labels is not None:
        names = _read_names(labels)
    return Bunch(image=image, codes=codes, names=[names.get(int(c), str(c)) for c in codes])


def to_image(
    values: ArrayLike, roi_codes: ArrayLike, atlas: Bunch, *, resolution: int | None = None
) -> Image:
    """Paint values of ROIs into the brain.

    Parameters
    ----------
    values : array-like of shape (n_rois,) or (n_rois, n_maps)
        For instance a membership column, ``membership_``, ``communities_``, or a matrix of
        connectivity weights, whose volume j then shows the connections of ROI j.
    roi_codes : array-like of int of shape (n_rois,)
        The atlas code of each row of `values`.
    atlas : Bunch
        From :func:`load_atlas`.
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
    codes = check_codes(roi_codes, atlas, n_rois=len(numbers))
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


def from_image(image: "PathLike | Image", roi_codes: ArrayLike, atlas: Bunch) -> NDArray:
    """Average an image over each ROI; the inverse of :func:`to_image`.

    Parameters
    ----------
    image : path or NIfTI image
        3-D, or 4-D with one map per volume. Where its grid is not the atlas's, the codes are
        resampled to it, to the nearest neighbour.
    roi_codes : array-like of int of shape (n_rois,)
        Which ROIs, in which order.
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
    estimator: BaseEstimator, roi_codes: ArrayLike, atlas: Bunch, *, resolution: int | None = None
) -> Bunch:
    """Paint what a fitted estimator has learnt.

    Parameters
    ----------
    estimator : object
        Fitted, with one of ``membership_``, ``communities_`` and ``connectivity_coef_``.
    roi_codes : array-like of int of shape (n_rois,)
        The atlas code of each ROI of the scans.
    atlas : Bunch
        From :func:`load_atlas`.
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
    images = {
        name: to_image(value, roi_codes, atlas, resolution=resolution)
        for name, value in values.items()
        if value is not None
    }
    if not images:
        raise ValueError(f"{type(estimator).__name__} has none of {', '.join(names)} to paint.")
    return Bunch(**images)


def check_codes(roi_codes, atlas, n_rois=None):
    """Return the codes as integers, all different, all in the atlas."""
    codes = np.asarray(roi_codes).astype(np.int64)
    if codes.ndim != 1 or (n_rois is not None and len(codes) != n_rois):
        raise ValueError(f"roi_codes must be 1-D with {n_rois} codes, got shape {codes.shape}.")
    if len(np.unique(codes)) < len(codes):
        raise ValueError("roi_codes has a code twice.")
    unknown = codes[~np.isin(codes, atlas.codes)]
    if unknown.size:
        raise ValueError(f"ROI codes that are not in the atlas: {unknown.tolist()[:10]}.")
    return codes


def centroids(roi_codes, atlas):
    """Return the mean position of each ROI's voxels, ndarray of shape (n_rois, 3), in mm."""
    # nilearn's find_parcellation_cut_coords takes the largest connected part of the left half only.
    labels = _label_array(atlas.image)
    voxels = ndimage.center_of_mass(labels > 0, labels, check_codes(roi_codes, atlas))
    return np.array(voxels) @ atlas.image.affine[:3, :3].T + atlas.image.affine[:3, 3]


def brain_mask(resolution):
    """Return nilearn's MNI152 brain mask, with voxels of `resolution` mm."""
    datasets = require("nilearn.datasets", extra="neuro")
    return datasets.load_mni152_brain_mask(resolution=resolution)


def labels_on(grid, atlas):
    """Return the atlas's codes on the grid of an image, ndarray of int of shape (x, y, z)."""
    return _label_array(on_grid(atlas.image, grid, "nearest"))


def on_grid(image, grid, interpolation):
    """Resample a 3-D image to the grid of another, if it has not the same voxels already."""
    if image.shape[:3] == grid.shape[:3] and np.allclose(image.affine, grid.affine):
        return image
    target = {"target_affine": grid.affine, "target_shape": grid.shape[:3]}
    options = {"interpolation": interpolation, "force_resample": True, "copy_header": True}
    return require("nilearn.image", extra="neuro").resample_img(image, **target, **options)


def _label_array(image):
    data = np.asarray(image.dataobj)
    codes = np.rint(data).astype(np.int64)
    if data.ndim != 3 or not np.array_equal(codes, data) or codes.min() < 0:
        raise ValueError("An atlas must be one 3-D image of whole, non-negative codes.")
    return codes


def _find_atlas(name_or_path, data_dir):
    """Return a label image and the names of its codes, from a name, a path or an image."""
    if not isinstance(name_or_path, str | os.PathLike):
        return name_or_path, {}
    name, image, names = str(name_or_path).lower(), name_or_path, {}
    if name in _FETCHERS:
        image, names = _FETCHERS[name](require("nilearn.datasets", extra="neuro"), data_dir)
    elif not Path(name_or_path).is_file():
        raise ValueError(
            f"{name_or_path} is neither a file nor one of the atlases {', '.join(_FETCHERS)}."
        )
    return require("nilearn.image", extra="neuro").load_img(image), names


def _fetch_aal(datasets, data_dir):
    atlas = datasets.fetch_atlas_aal(version="SPM12", data_dir=data_dir)
    return atlas.maps, dict(zip(map(int, atlas.indices), atlas.labels, strict=True))


def _fetch_harvard_oxford(datasets, data_dir):
    atlas = datasets.fetch_atlas_harvard_oxford(
        "cort-maxprob-thr25-2mm", data_dir=data_dir, symmetric_split=True
    )
    return atlas.maps, dict(enumerate(atlas.labels))


def _fetch_cc200(datasets, data_dir):
    atlas = datasets.fetch_atlas_craddock_2012(
        data_dir=data_dir, homogeneity="temporal", grp_mean=False
    )
    volumes = list(require("nilearn.image", extra="neuro").iter_img(atlas.maps))
    n_rois = [np.count_nonzero(np.unique(volume.dataobj)) for volume in volumes]
    return volumes[np.abs(np.subtract(n_rois, 200)).argmin()], {}


_FETCHERS = {"aal": _fetch_aal, "harvard-oxford": _fetch_harvard_oxford, "cc200": _fetch_cc200}


def _read_names(labels):
    """Return a dict from code to name."""
    if isinstance(labels, Mapping) and not hasattr(labels, "columns"):
        return {int(code): str(name) for code, name in labels.items()}
    if isinstance(labels, str | os.PathLike):
        pandas = require("pandas", extra="neuro")
        labels = pandas.read_csv(labels, sep="," if str(labels).endswith(".csv") else "\t")
    if not {"code", "name"} <= set(labels.columns):
        raise ValueError(
            f"The table of labels needs the columns code and name, it has {list(labels.columns)}."
        )
    return dict(zip(labels["code"].astype(int), labels["name"].astype(str), strict=True))
