"""Atlases: by nilearn's names, or any image with a table: of codes, or of one map each region."""

import os
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._extras import require
from ._table_files import read_rows

_TABLES = (".tsv", ".csv")
_CODES, _NAMES = ("index", "code"), ("name", "label")


class Atlas(NamedTuple):
    """An image of codes, or of one map each region, and the regions' names in its order."""

    label: str
    image: Any  # Nifti1Image
    names: list[str]
    codes: np.ndarray | None  # (n_rois,), ascending; None: the image has maps
    file: str | None  # that the image is read from, if it is

    def without_voxels(self):
        """Return the same with a file for its image, if it has one: small to send."""
        return self if self.file is None else self._replace(image=self.file)

    def with_voxels(self):
        """Return the same with an image."""
        return self._replace(image=require("nilearn.image", extra="neuro").load_img(self.image))

    def fingerprint(self):
        """Return a digest of voxels, grid and names."""
        voxels = np.ascontiguousarray(np.asarray(self.image.dataobj))
        parts = (str(voxels.dtype).encode(), voxels, self.image.affine.astype(float))
        return sha256(b"".join(map(bytes, parts)) + "\n".join(self.names).encode()).hexdigest()


def find_atlas(name_or_path, labels=None, data_dir=None):
    """Return an atlas by name, path or image, whose regions have names, each another."""
    image, names, label = fetch_image(name_or_path, data_dir)
    if labels is None and isinstance(name_or_path, str | os.PathLike) and not names:
        labels = _table_beside(Path(name_or_path).expanduser())
    names = names if labels is None else read_names(labels)
    file = image.get_filename() if isinstance(name_or_path, str | os.PathLike) else None
    if len(image.shape) == 4 and image.shape[3] > 1:
        return _checked(_of_maps(label, image, names, file))
    file = file if len(image.shape) == 3 else None
    return _checked(_of_labels(label, _in_three_axes(image), names, file))


def fetch_image(name_or_path, data_dir=None):
    """Return an image, the names of its codes as far as known, and a label of letters and digits.

    A name is fetched by nilearn, over the network or from its cache.
    """
    load = require("nilearn.image", extra="neuro").load_img
    if not isinstance(name_or_path, str | os.PathLike):
        return load(name_or_path), {}, "own"
    path, (fetch, numbers) = Path(name_or_path).expanduser(), _find_fetcher(str(name_or_path))
    if fetch is None and not path.is_file():
        raise ValueError(f"{path} is neither a file nor one of the atlases {', '.join(ATLASES)}.")
    if fetch is None:
        return _load(load, path), {}, _label_of(path)
    image, names = _fetch(str(name_or_path), fetch, data_dir, numbers)
    return load(image), names, re.sub(r"[^A-Za-z0-9]", "", str(name_or_path))


def _load(load, path):
    try:
        return load(path)
    except Exception as error:  # whatever damage does to an image
        raise ValueError(f"{path} is no image that can be read: {error}") from error


def _label_of(path):
    """Return the label of an atlas's file: its entity ``atlas-`` or ``seg-``, or else its name."""
    stem = path.name.removesuffix(".gz").removesuffix(".nii")
    entity = re.search(r"(?:atlas|seg)-([A-Za-z0-9]+)", stem)
    return entity[1] if entity else re.sub(r"[^A-Za-z0-9]", "", stem) or "own"


def _table_beside(path):
    stem = str(path).removesuffix(".gz").removesuffix(".nii")
    return next((Path(stem + end) for end in _TABLES if Path(stem + end).is_file()), None)


def read_names(labels):
    """Return the names of codes from a table, a file of one, or a mapping."""
    if isinstance(labels, Mapping) and not hasattr(labels, "columns"):
        return {int(code): str(name) for code, name in labels.items()}
    table = read_rows(labels, texts=_NAMES, numbers=_CODES)
    code, name = (
        next((column for column in known if column in table.rows), None)
        for known in (_CODES, _NAMES)
    )
    if code is None or name is None:
        there = ", ".join(map(str, table.rows))
        raise ValueError(
            f"{table.where} needs the columns index (or code) and name (or label), it has {there}."
        )
    for column in (code, name):
        table.refuse_missing(column)
    if table.rows[code].dtype.kind not in "iu":
        raise ValueError(f"{table.where}: the column {code} must hold whole numbers.")
    table.refuse_repeated(code)
    return dict(zip(table.rows[code].astype(int), table.rows[name], strict=True))


def _in_three_axes(image):
    """Return a 3-D image; Yeo's have an axis of one more."""
    if len(image.shape) == 3:
        return image
    if image.shape[3:] != (1,):
        raise ValueError(f"An atlas is an image of 3 or 4 axes, this has shape {image.shape}.")
    return require("nilearn.image", extra="neuro").index_img(image, 0)


def _of_labels(label, image, names, file):
    voxels = np.asarray(image.dataobj)
    codes = np.unique(voxels)
    if not np.isfinite(codes).all() or (codes != np.rint(codes)).any() or codes[0] < 0:
        raise ValueError(f"The atlas {label} must have whole codes from 0 on in its voxels.")
    codes = codes[codes > 0].astype(int)
    if not codes.size:
        raise ValueError(f"The atlas {label} is empty: all its voxels are 0.")
    lacking = [code for code in codes.tolist() if names and code not in names]
    if lacking:
        raise ValueError(f"The table of atlas {label} has no name for code {lacking[0]}.")
    named = [names.get(code, str(code)) for code in codes.tolist()]
    return Atlas(label, image, named, codes, file)


def _of_maps(label, image, names, file):
    """Return an atlas of maps, the first of which the lowest index of the table names."""
    n_maps = image.shape[3]
    named = [names[index] for index in sorted(names)] or [str(n + 1) for n in range(n_maps)]
    if len(named) != n_maps:
        raise ValueError(f"The atlas {label} has {n_maps} maps, but {len(named)} names.")
    return Atlas(label, image, named, None, file)


def _checked(atlas):
    twice = [name for i, name in enumerate(atlas.names) if name in atlas.names[:i]]
    if twice:
        raise ValueError(f"The atlas {atlas.label} has the name {twice[0]!r} twice.")
    return atlas


def _find_fetcher(name):
    """Return what fetches an atlas, and the numbers in its name, such as of regions."""
    stem, numbers = re.fullmatch(r"(.*?)((?:-\d+)*)", name.lower(), re.DOTALL).groups()
    return _FETCHERS.get(stem), [int(number) for number in numbers.split("-")[1:]]


def _fetch(name, fetch, data_dir, numbers):
    datasets = require("nilearn.datasets", extra="neuro")
    try:
        return fetch(datasets, {"data_dir": data_dir, "verbose": 0}, *numbers)
    except OSError as error:
        raise OSError(
            f"The atlas {name} cannot be downloaded ({type(error).__name__}). Without a network, "
            "give the file of an atlas."
        ) from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"nilearn has no atlas {name}: {error}") from error


def _names_by_code(atlas):
    """Return the names of a fetched atlas's codes, from its table or its list of labels."""
    table = atlas.get("lut")
    if table is not None:
        return dict(zip(table["index"].astype(int), table["name"].astype(str), strict=True))
    names = [n.decode() if isinstance(n, bytes) else str(n) for n in atlas.labels]
    begins_with_background = names[0].lower() == "background"
    return dict(enumerate(names, start=0 if begins_with_background else 1))


def _fetch_aal(datasets, options):
    atlas = datasets.fetch_atlas_aal(version="SPM12", **options)
    return atlas.maps, dict(zip(map(int, atlas.indices), atlas.labels, strict=True))


def _fetch_harvard_oxford(datasets, options):
    name = "cort-maxprob-thr25-2mm"
    atlas = datasets.fetch_atlas_harvard_oxford(name, symmetric_split=True, **options)
    return atlas.maps, dict(enumerate(atlas.labels))


def _fetch_cc200(datasets, options):
    kind = {"homogeneity": "temporal", "grp_mean": False}
    atlas = datasets.fetch_atlas_craddock_2012(**kind, **options)
    volumes = list(require("nilearn.image", extra="neuro").iter_img(atlas.maps))
    n_rois = [np.count_nonzero(np.unique(volume.dataobj)) for volume in volumes]
    return volumes[np.abs(np.subtract(n_rois, 200)).argmin()], {}


def _fetch_schaefer(datasets, options, n_rois=400, n_networks=7):
    sizes = {"n_rois": n_rois, "yeo_networks": n_networks, "resolution_mm": 2}
    atlas = datasets.fetch_atlas_schaefer_2018(**sizes, **options)
    return atlas.maps, _names_by_code(atlas)


def _fetch_yeo(datasets, options, n_networks=7):
    atlas = datasets.fetch_atlas_yeo_2011(n_networks=n_networks, **options)
    return atlas.maps, dict(enumerate(_YEO, 1)) if n_networks == 7 else _names_by_code(atlas)


def _fetch_difumo(datasets, options, n_maps=64):
    atlas = datasets.fetch_atlas_difumo(dimension=n_maps, resolution_mm=2, **options)
    table = require("pandas", extra="data").DataFrame(atlas.labels)
    return atlas.maps, dict(enumerate(_told_apart(table["difumo_names"].astype(str))))


def _fetch_msdl(datasets, options):
    atlas = datasets.fetch_atlas_msdl(**options)
    return atlas.maps, dict(enumerate(_told_apart(map(str, atlas.labels))))


def _told_apart(names):
    """Yield names, those that were there before with a number."""
    seen = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} {seen[name]}"


# Nilearn numbers them; these are the names of the paper's text.
_YEO = (
    *("Visual", "Somatomotor", "Dorsal Attention", "Ventral Attention"),
    *("Limbic", "Frontoparietal", "Default"),
)

_FETCHERS = {
    "aal": _fetch_aal,
    "harvard-oxford": _fetch_harvard_oxford,
    "cc200": _fetch_cc200,
    "schaefer2018": _fetch_schaefer,
    "yeo2011": _fetch_yeo,
    "difumo": _fetch_difumo,
    "msdl": _fetch_msdl,
}
ATLASES = (
    *("aal", "harvard-oxford", "cc200", "schaefer2018-400", "schaefer2018-400-17", "yeo2011-7"),
    *("difumo-64", "msdl"),
)
