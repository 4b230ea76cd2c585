"""One image: its ROI series by nilearn's maskers, without what confounds explain."""

from typing import NamedTuple

import numpy as np

from .._extras import require
from .._text import counted
from ._fmriprep_files import confounds_beside, mask_beside


class Settings(NamedTuple):
    """What is done to each image."""

    strategy: str
    strategy_options: dict
    smoothing_fwhm: float | None
    low_pass: float | None
    high_pass: float | None
    min_coverage: float


class ImageSeries(NamedTuple):
    """Series of an image, and which of its points they are of."""

    values: np.ndarray  # (n_kept, n_rois), NaN where an ROI is not covered
    kept: np.ndarray  # (n_timepoints,), bool
    confounds: list[str]


def read_image(file, atlas, settings, t_r):
    """Return the series of an image."""
    image, atlas = _load(file.path), atlas.with_voxels()
    if len(image.shape) != 4 or image.shape[3] < 2:
        raise ValueError(f"it is no image of several time points, its shape is {image.shape}")
    confounds, kept = _load_confounds(file, settings, image.shape[3])
    inside = _brain(file, image)
    mask = _new_image(inside.astype(np.uint8), image.affine)
    masker_of = _of_maps if atlas.codes is None else _of_labels
    cleaning = {"smoothing_fwhm": settings.smoothing_fwhm, "t_r": t_r}
    cleaning |= {"low_pass": settings.low_pass, "high_pass": settings.high_pass}
    masker, covered = masker_of(atlas, image, inside, settings.min_coverage)
    if not covered.any():
        raise ValueError(f"it covers no region of the atlas {atlas.label}; is the space another?")
    masker.set_params(mask_img=mask, resampling_target=None, reports=False, **cleaning)
    sample_mask = None if kept.all() else np.flatnonzero(kept)
    series = masker.fit_transform(image, confounds=confounds, sample_mask=sample_mask)
    values = np.full((len(series), len(covered)), np.nan)
    values[:, covered] = series
    return ImageSeries(values, kept, list(confounds))


def _load(path):
    try:
        return require("nilearn.image", extra="neuro").load_img(path)
    except Exception as error:  # whatever damage does to an image
        raise ValueError(f"{path.name} cannot be read: {error}") from error


def _load_confounds(file, settings, n_points):
    """Return the confounds that the strategy takes, and which points it keeps."""
    path = confounds_beside(file)
    load = require("nilearn.interfaces.fmriprep", extra="neuro").load_confounds_strategy
    confounds, sample_mask = load(str(file.path), settings.strategy, **settings.strategy_options)
    if len(confounds) != n_points:
        raise ValueError(f"{path.name} has {len(confounds)} rows for {n_points} time points")
    kept = np.ones(n_points, dtype=bool)
    if sample_mask is not None:
        kept = np.isin(np.arange(n_points), sample_mask)
    if kept.sum() < 2:
        raise ValueError(f"scrubbing leaves {kept.sum()} of its {counted(n_points, 'point')}")
    return confounds, kept


def _brain(file, image):
    """Return which voxels are of the brain: by fMRIPrep's mask, or else those that are not 0."""
    path = mask_beside(file)
    if path is None:
        return np.asarray(image.dataobj[..., 0]) != 0
    return np.asarray(_on_grid(_load(path), image, "nearest", path.name).dataobj) > 0


def on_grid(image, grid, interpolation):
    """Resample an image to the grid of another, if it has not the same voxels already."""
    if image.shape[:3] == grid.shape[:3] and np.allclose(image.affine, grid.affine):
        return image
    target = {"target_affine": grid.affine, "target_shape": grid.shape[:3]}
    options = {"interpolation": interpolation, "force_resample": True, "copy_header": True}
    return require("nilearn.image", extra="neuro").resample_img(image, **target, **options)


def _on_grid(image, grid, interpolation, name):
    """Return an image on the grid of another; they must have a place in common."""
    nilearn = require("nilearn.image", extra="neuro")
    try:
        return on_grid(image, grid, interpolation)
    except nilearn.resampling.BoundingBoxError as error:
        raise ValueError(f"it has no place in common with {name}; is the space another?") from error


def _new_image(voxels, affine):
    return require("nibabel", extra="neuro").Nifti1Image(voxels, affine)


def _voxels_expected(atlas, image):
    """Return how many voxels of the image one of the atlas is worth."""
    sizes = [abs(np.linalg.det(each.affine[:3, :3])) for each in (atlas.image, image)]
    return sizes[0] / sizes[1]


def _of_labels(atlas, image, inside, min_coverage):
    """Return a masker of the regions that are covered, and which these are."""
    told = f"the atlas {atlas.label}"
    labels = np.rint(np.asarray(_on_grid(atlas.image, image, "nearest", told).dataobj)).astype(
        np.int32
    )
    n_codes = int(atlas.codes.max()) + 1
    there = np.bincount(labels[inside], minlength=n_codes)[atlas.codes]
    voxels = np.rint(np.asarray(atlas.image.dataobj)).astype(np.int64).ravel()
    whole = np.bincount(voxels, minlength=n_codes)[atlas.codes] * _voxels_expected(atlas, image)
    covered = (there > 0) & (there >= min_coverage * whole)
    labels[~np.isin(labels, atlas.codes[covered]) | ~inside] = 0
    masker = require("nilearn.maskers", extra="neuro").NiftiLabelsMasker
    return masker(_new_image(labels, image.affine)), covered


def _of_maps(atlas, image, inside, min_coverage):
    """Return a masker of the maps that are covered, and which these are."""
    told = f"the atlas {atlas.label}"
    maps = np.asarray(_on_grid(atlas.image, image, "continuous", told).dataobj, dtype=np.float32)
    there = np.abs(maps[inside]).sum(axis=0)
    whole = np.abs(np.asarray(atlas.image.dataobj, dtype=np.float32)).sum(axis=(0, 1, 2))
    covered = (there > 0) & (there >= min_coverage * whole * _voxels_expected(atlas, image))
    masker = require("nilearn.maskers", extra="neuro").NiftiMapsMasker
    return masker(_new_image(maps[..., covered], image.affine), allow_overlap=True), covered
