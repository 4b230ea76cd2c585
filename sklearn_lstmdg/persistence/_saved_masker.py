"""Maskers of nilearn in model files: their parameters, with images as arrays.

A fitted masker holds proxies of files, caches and data frames, which no plain file can. All that it
learns follows from its parameters, so that it is fitted anew where the file is read.
"""

from copy import copy
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from .._extras import require

_MASKERS = [f"{n}Nifti{form}Masker" for n in ("", "Multi") for form in ("Labels", "Maps")]
_NOT_KEPT = ("memory", "memory_level", "reports", "cmap", "n_jobs", "verbose")


@dataclass
class SavedMasker:
    """What makes a masker: its class, plain parameters, and images as voxels and affine."""

    name: str
    params: dict
    images: dict

    @classmethod
    def from_masker(cls, masker):
        """Take a masker apart."""
        params = masker.get_params(deep=False)
        images = {k: _voxels(v) for k, v in params.items() if k.endswith("_img") and v is not None}
        kept = {k: v for k, v in params.items() if k not in _NOT_KEPT and not k.endswith("_img")}
        if kept.get("lut") is not None:  # a table, or the path of one, which a file must not hold
            kept["lut"] = masker.lut_.to_dict("list")
        return cls(type(masker).__name__, kept, images)

    def make(self):
        """Return the masker, fitted."""
        if self.name not in _MASKERS:
            raise ValueError(f"{self.name!r:.40} is none of nilearn's maskers for ROIs.")
        for name, value in self.params.items():
            # A cache holds pickles, and images and tables are read from where a path says.
            is_path = name == "lut" and not isinstance(value, dict | None)
            if name in _NOT_KEPT or name.endswith("_img") or is_path:
                raise ValueError(f"parameter {name!r:.40} of {self.name} cannot be in a file.")
        maskers = require("nilearn.maskers", extra="neuro")
        image = require("nibabel", extra="neuro").Nifti1Image
        params = self.params | {name: image(*parts) for name, parts in self.images.items()}
        if params.get("lut") is not None:
            params["lut"] = require("pandas", extra="data").DataFrame(params["lut"])
        return getattr(maskers, self.name)(**params).fit()


def _voxels(image):
    image = require("nilearn.image", extra="neuro").load_img(image)
    return np.asarray(image.dataobj), np.asarray(image.affine)


def _in_steps(estimator, change):
    """Return an estimator, or a Pipeline with what ``change`` makes of its steps."""
    if not isinstance(estimator, Pipeline):
        return change(estimator)
    changed = copy(estimator)
    changed.steps = [(name, _in_steps(step, change)) for name, step in estimator.steps]
    return changed


def pack_maskers(estimator):
    """Return an estimator with each of nilearn's maskers, in Pipelines too, as a SavedMasker."""

    def pack(step):
        is_masker = type(step).__module__.startswith("nilearn.") and type(step).__name__ in _MASKERS
        return SavedMasker.from_masker(step) if is_masker else step

    return _in_steps(estimator, pack)


def unpack_maskers(estimator):
    """Return an estimator with its maskers made anew."""
    return _in_steps(estimator, lambda s: s.make() if isinstance(s, SavedMasker) else s)
