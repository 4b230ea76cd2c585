"""Derivatives in BIDS's layout: names, choices by entity, sidecars and head motion."""

import re
from functools import cache
from glob import escape
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._files import read_json
from ._cohorts import check_t_r
from ._series_files import read_series
from ._table_files import read_rows

# Files that differ in these are different scans; in others, the same scan processed twice.
_SESSIONS = ("ses", "run", "acq", "ce", "dir")
_ACQUISITION = ("sub", "task", *_SESSIONS, "rec")
_JOINED = ("run", "dir")  # XCP-D joins scans that differ in these to one without
_PARAMETERS = ("atlas", "task", "run", "space", "desc")
_ENTITY_OF = {"session": "ses", "seg": "atlas"}
_DISPLACEMENT = "framewise_displacement"
_MOTION_FILES = (
    *(("motion", None), ("motion", "filtered")),
    *(("timeseries", "confounds"), ("regressors", "confounds")),
)
_TIMES = ("RepetitionTime", "SamplingFrequency")
_MEAN_MOTION = ("MeanFramewiseDisplacement", "FDMean")  # giga_connectome's and HALFpipe's
_OF_HALFPIPE = "MeanAtlasTSNR"
_SERIES = ("*_timeseries.tsv", "*_timeseries.1D")


class BidsFile(NamedTuple):
    """A file, what its name says, and its last part."""

    path: Path
    entities: dict[str, str]
    suffix: str

    @property
    def participant(self):
        """The participant's id, as participants.tsv has it."""
        return f"sub-{self.entities['sub']}"

    @property
    def acquisition(self):
        """The entities that tell one measurement from others."""
        return {k: v for k, v in self.entities.items() if k in _ACQUISITION}


def parse_name(path):
    """Return what a file's name says: ``seg-`` counts as ``atlas-``, ``run-01`` as ``run-1``."""
    *parts, suffix = path.name.split(".")[0].split("_")
    pairs = (part.split("-", 1) for part in parts if "-" in part)
    return BidsFile(path, {_entity(k): _label(k, v) for k, v in pairs}, suffix)


def _entity(name):
    return _ENTITY_OF.get(name, name)


def _label(entity, value):
    label = re.sub(rf"^{_entity(entity)}-|^seg-", "", str(value))
    return label.lstrip("0") or "0" if entity == "run" else label


def homes_of(root):
    """Return a folder of derivatives and the two above, where what all share may lie."""
    return [root, *root.absolute().parents[:2]]


def find_participants(root):
    """Return the participants' table of derivatives, or None."""
    tables = (folder / "participants.tsv" for folder in homes_of(root))
    return next(filter(Path.is_file, tables), None)


def find_series(root):
    """Find all files of ROI series below a folder, in the order of their names."""
    if not root.is_dir():
        raise FileNotFoundError(f"There is no folder {root}.")
    for pattern in _SERIES:
        files = map(parse_name, sorted(root.rglob(pattern)))
        found = [f for f in files if "sub" in f.entities and f.entities.get("desc") != "confounds"]
        if found:
            return found
    raise FileNotFoundError(
        f"{root} holds no ROI series: no file sub-..._timeseries.tsv but those of confounds "
        "(extract_scans makes series of fMRIPrep's images)."
    )


def choose(files, wanted, what="series"):
    """Return the files of the wanted labels, one for each scan; list the choices where unclear."""
    asked = {
        _entity(name): _labels(name, value) for name, value in wanted.items() if value is not None
    }
    for entity, labels in asked.items():
        there = _choices(files, entity)
        for label in labels:
            if label not in there:
                raise ValueError(
                    f"The {what} have no {_parameter(entity)} {label!r}. {_parameter(entity)}: "
                    f"{', '.join(there)}."
                )
        files = [file for file in files if file.entities.get(entity, "none") in labels]
    _check_one_of_each(files, asked, what)
    return files


def _labels(name, value):
    values = [value] if isinstance(value, str | int) else value
    if not np.iterable(values) or not len(list(values)):
        raise ValueError(f"{name} must be a label, or several, got {value!r}.")
    return [_label(name, each) for each in values]


def _choices(files, entity):
    return sorted({file.entities.get(entity, "none") for file in files})


def _parameter(entity):
    return "session" if entity == "ses" else entity


def _told(entity, choices):
    how = "" if entity in _PARAMETERS else " (see entities)"
    return f"{entity}: {', '.join(choices)}{how}"


def _check_one_of_each(files, asked, what):
    """Refuse files of several atlases, tasks, spaces and so on, and two files of one scan."""
    entities = dict.fromkeys(_PARAMETERS)
    entities |= dict.fromkeys(name for file in files for name in file.entities)
    for entity in entities:
        choices = _choices(files, entity)
        if len(choices) > 1 and entity not in {*asked, "sub", *_SESSIONS}:
            raise ValueError(
                f"The {what} are of several kinds, name one. {_told(entity, choices)}."
            )
    _refuse_joined(files, asked, what)
    first = {}
    for file in files:
        other = first.setdefault(tuple(sorted(file.acquisition.items())), file)
        if other is not file:
            raise ValueError(f"{other.path} and {file.path} are of the same scan; name one.")


def _refuse_joined(files, asked, what):
    """Refuse runs beside a file without a run, which may be these runs joined."""
    together = {}
    for file in files:
        others = {k: v for k, v in file.acquisition.items() if k not in _JOINED}
        together.setdefault(tuple(sorted(others.items())), []).append(file)
    for entity in (name for name in _JOINED if name not in asked):
        for scans in together.values():
            choices = _choices(scans, entity)
            if len(choices) > 1 and "none" in choices:
                alone = next(file for file in scans if entity not in file.entities)
                raise ValueError(
                    f"{alone.path} may join the {what} of each {entity}: name those to load. "
                    f"{_told(entity, choices)}."
                )


class Sidecars:
    """The JSON files that may speak of the series: in these roots, at any level (inheritance)."""

    def __init__(self, root, *more):
        self.roots = (root, *dict.fromkeys(folder for folder in more if folder != root))
        self._in_folder = cache(self._in_folder)

    def t_r(self, file):
        """Return the repetition time of a series, in seconds."""
        ranked = {}
        for rank, sidecar in self._applicable(file):
            told = _times_in(read_json(sidecar.path))
            if told:
                ranked.setdefault(rank, {})[_seconds(sidecar.path, told)] = sidecar.path
        if not ranked:
            name = f"task-{file.entities.get('task', 'rest')}_{file.suffix}.json"
            raise ValueError(
                f"{file.path} has no repetition time: no RepetitionTime or SamplingFrequency in "
                f"{file.path.name.partition('.')[0]}.json or an inherited sidecar, such as "
                f"{self.roots[0] / name}."
            )
        times = ranked[max(ranked)]
        if len(times) > 1:
            told = "; ".join(f"{path}: {t_r:g} s" for t_r, path in times.items())
            raise ValueError(f"{file.path} has two repetition times. {told}.")
        return next(iter(times))

    def mean_motion(self, file):
        """Return the mean framewise displacement in mm that a sidecar of a series tells, or NaN."""
        own = [(rank, sidecar) for rank, sidecar in self._applicable(file) if rank[0]]
        for _, sidecar in sorted(own, key=itemgetter(0), reverse=True):
            content = read_json(sidecar.path, dict.fromkeys(_MEAN_MOTION, (None, int | float)))
            told = [content[name] for name in _MEAN_MOTION if content.get(name) is not None]
            if told:
                return float(told[0])
        return np.nan

    def _applicable(self, file):
        """Yield sidecars, with how closely they speak of the file: the highest wins."""
        steps = file.path.parent.relative_to(self.roots[0]).parts
        for priority, root in enumerate(reversed(self.roots)):
            for depth in range(len(steps) + 1):
                for sidecar in self._in_folder(root.joinpath(*steps[:depth])):
                    is_own = sidecar.suffix == "timeseries"
                    says = sidecar.entities if is_own else sidecar.acquisition
                    if says.items() <= file.entities.items():
                        yield (is_own, priority, depth, len(says)), sidecar

    def _in_folder(self, folder):
        files = map(parse_name, sorted(folder.glob("*.json")))
        return [file for file in files if file.suffix in ("timeseries", "bold")]


def _times_in(content):
    """Return what a sidecar tells of time; of XCP-D a frequency is "TR", of HALFpipe in seconds."""
    told = {name: content[name] for name in _TIMES if name in content}
    if told.get("SamplingFrequency") == "TR":
        del told["SamplingFrequency"]
    if _OF_HALFPIPE in content and "SamplingFrequency" in told:
        told.setdefault("RepetitionTime", told.pop("SamplingFrequency"))
    return told


def _seconds(path, told):
    """Return the repetition time that a sidecar tells."""
    times = [check_t_r(value, f"{path}: {name}") for name, value in told.items()]
    if "SamplingFrequency" in told:
        times[-1] = check_t_r(1 / times[-1], f"{path}: 1 / SamplingFrequency")
    if not np.isclose(min(times), max(times), rtol=1e-3):
        raise ValueError(
            f"{path}: RepetitionTime is {times[0]:g} s, but SamplingFrequency says {times[1]:g} s."
        )
    return times[0]


def mean_motion(file):
    """Return the mean framewise displacement in mm from the table beside a series, else NaN."""
    return mean_of_known(displacement(file))


def mean_of_known(values):
    """Return the mean of the values that are finite, NaN without."""
    known = np.asarray(values)[np.isfinite(values)]
    return float(np.mean(known)) if known.size else np.nan


def displacement(file):
    """Return the framewise displacement in mm of each point, from the table beside a file.

    Shapes: returned (n_timepoints,), or (0,) where there is none.
    """
    of_subject = file.path.parent.glob(f"*sub-{escape(file.entities['sub'])}_*.tsv")
    beside = [f for f in map(parse_name, sorted(of_subject)) if f.acquisition == file.acquisition]
    for kind in _MOTION_FILES:
        for other in beside:
            if (other.suffix, other.entities.get("desc")) == kind:
                names, values = read_series(other.path)
                if names and _DISPLACEMENT in names:
                    return values[:, names.index(_DISPLACEMENT)]
    return np.empty(0)


def find_codes(root, atlas, names):
    """Return the codes of named ROIs from the atlas's ``dseg.tsv`` below a folder, or None."""
    for path in sorted(root.rglob(f"*{escape(atlas)}*_dseg.tsv")) if atlas else ():
        table = read_rows(path, texts=("name", "label"), numbers=("index",))
        column = next((name for name in ("name", "label") if name in table.rows), None)
        if column and "index" in table.rows:
            rows = table.rows[table.rows[column].isin(names)]
            if set(names) <= set(rows[column]):
                return _codes(table._replace(rows=rows), column, names)
    return None


def _codes(table, column, names):
    """Return the codes of ROIs, whole numbers, in a table that has one of each."""
    for each in (column, "index"):
        table.refuse_missing(each)
        table.refuse_repeated(each)
    codes = table.rows.set_index(column)["index"]
    if codes.dtype.kind not in "iuf" or not np.array_equal(codes, codes.astype(np.int64)):
        raise ValueError(f"{table.where}: index must be whole numbers, as codes of ROIs are.")
    return codes.loc[list(names)].to_numpy(dtype=int)
