"""``lstmdg extract``: fMRIPrep's images to ROI series."""

from pathlib import Path
from shlex import quote

from .._text import counted
from ..datasets import extract_scans
from ._options import read_entities, read_pairs
from ._terminal import say

_SAME = ("strategy", "labels", "task", "session", "space", "desc", "n_jobs")
_FILTERS = ("smoothing_fwhm", "low_pass", "high_pass", "min_coverage")


def run(args):
    """Read the images, say what is there, and return 1 if some are left out."""
    atlas = Path(args.atlas).expanduser()
    done = extract_scans(
        args.folder,
        atlas if atlas.exists() else args.atlas,
        args.out,
        strategy_options=_read_options(args.strategy_options),
        run=args.runs,
        entities=read_entities(args.entities),
        verbose=0 if args.quiet else 1,
        **{name: getattr(args, name) for name in (*_SAME, *_FILTERS)},
    )
    say(args.out if args.quiet else _summary(done, args.out))
    return 1 if len(done.left_out) else 0


def _read_options(words):
    """Return options of a strategy, given as NAME=VALUE; what looks like a number is one."""
    return {name: _read_value(value) for name, value in read_pairs("--strategy-options", words)}


def _read_value(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _summary(done, out):
    """Return what was read, in a few lines; what is left out was warned of."""
    table = done.table
    n_people, n_rois = table["participant_id"].nunique(), len(done.feature_names)
    points = f"{table['n_points'].min()} to {table['n_points'].max()} points"
    lines = [
        f"{counted(len(table), 'scan')} of {counted(n_people, 'participant')}, "
        f"{counted(n_rois, 'ROI')} ({done.atlas}), {points}"
    ]
    if table["n_scrubbed"].any():
        n_scrubbed = counted(table["n_scrubbed"].sum(), "point was", "points were")
        lines[0] += f"; {n_scrubbed} scrubbed"
    lines += ["", f"Results: {out} (extracted.csv, left_out.csv)"]
    return "\n".join([*lines, f"Next: lstmdg compare --bids {quote(str(out))} --target COLUMN"])
