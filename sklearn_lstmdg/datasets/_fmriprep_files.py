"""Images of fMRIPrep, what lies beside them, and the names of the series made from them."""

import re
from pathlib import Path

import numpy as np

from ._bids_files import choose, parse_name
from ._table_files import check_shape, decode, read_rows

_ENDS = (".nii.gz", ".nii")
_ID = "participant_id"
_OWN_SPACES = ("none", "T1w", "T2w", "boldref")


def find_images(root, wanted):
    """Find the images of the wanted labels below a folder, one for each scan, in their order."""
    if not root.is_dir():
        raise FileNotFoundError(f"There is no folder {root}.")
    paths = (path for end in _ENDS for path in root.rglob(f"sub-*_bold{end}"))
    found = [file for file in map(parse_name, sorted(paths)) if "desc" in file.entities]
    if not found:
        raise FileNotFoundError(
            f"{root} holds no preprocessed images: no file sub-..._desc-..._bold.nii.gz."
        )
    chosen = choose(found, wanted, "images")
    space = chosen[0].entities.get("space", "none")
    if space in _OWN_SPACES:
        where = "without space-" if space == "none" else f"in space-{space}"
        raise ValueError(
            f"The images are {where}, which is each participant's own: an atlas needs a standard "
            "space, such as MNI152NLin2009cAsym (fMRIPrep's --output-spaces)."
        )
    return chosen


def mask_beside(file):
    """Return the file of the brain mask of an image, or None."""
    stem = file.path.name.partition("_desc-")[0]
    names = (f"{stem}_desc-brain_mask{end}" for end in _ENDS)
    return next((file.path.with_name(n) for n in names if file.path.with_name(n).is_file()), None)


def confounds_beside(file):
    """Return the file of an image's confounds; refuse where there is none."""
    for suffix in ("timeseries", "regressors"):
        for path in sorted(file.path.parent.glob(f"*_desc-confounds_{suffix}.tsv")):
            if parse_name(path).acquisition == file.acquisition:
                return path
    raise FileNotFoundError("no _desc-confounds_timeseries.tsv is beside it")


def participants_table(source, there):
    """Return a table of participants, with the columns that the one there has beyond its own."""
    if not there.is_file():
        return source.read_bytes()
    mine, theirs = map(_read_texts, (source, there))
    own = [name for name in theirs.rows if name not in mine.rows]
    if not own:
        return source.read_bytes()
    for table in (mine, theirs):
        table.check_columns(participants=_ID)
        table.refuse_repeated(_ID)
    merged = mine.rows.merge(theirs.rows[[_ID, *own]], how="left", on=_ID)
    return to_tsv({name: merged[name].tolist() for name in merged})


def _read_texts(path):
    """Read a table whose cells stay as they are written, but for what is missing."""
    header = check_shape(path, decode(path), (), "\t")
    return read_rows(path, [name.strip() for name in header])


class SeriesFiles:
    """The files that the series of an image go to, as XCP-D names them.

    Parameters
    ----------
    out : Path
        Folder of the derivatives.
    root : Path
        Folder of the images, in which the file lies.
    file : BidsFile
        The image.
    atlas : str
        Label of the atlas.
    """

    def __init__(self, out, root, file, atlas):
        folder = Path(out, file.path.parent.relative_to(root))
        scan, _, _ = file.path.name.partition("_space-")
        stem, _, _ = file.path.name.partition("_desc-")
        self.stem = folder / f"{stem}_seg-{atlas}"
        self.motion = folder / f"{scan}_motion.tsv"
        self.outliers = self._named("outliers.tsv")
        self.series = self._named("stat-mean_timeseries.tsv")
        self.sidecar = self._named("stat-mean_timeseries.json")

    def _named(self, end):
        return self.stem.with_name(f"{self.stem.name}_{end}")


def to_tsv(columns):
    """Return a table as BIDS wants it: by tabs, n/a for what is missing."""
    names, values = list(columns), list(columns.values())
    rows = zip(*(map(_cell, column) for column in values), strict=True)
    return "".join("\t".join(row) + "\n" for row in [map(_cell, names), *rows]).encode()


def _cell(value):
    if isinstance(value, str) and re.search(r"[\t\r\n]", value):
        raise ValueError(f"{value!r} holds a tab or the end of a line: no table by tabs can.")
    is_missing = isinstance(value, float | np.floating) and not np.isfinite(value)
    return "n/a" if is_missing else f"{value:.7g}" if isinstance(value, float) else str(value)
