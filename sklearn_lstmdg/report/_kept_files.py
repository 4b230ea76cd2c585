"""What commands have left in a results folder, checked before anything is made of it."""

from pathlib import Path

from .._files import read_json
from .._text import read_csv

_NUMBER = int | float
_SPREAD = (None, [_NUMBER, _NUMBER, int])
_COUNT, _KNOWN = (None, int), (None, _NUMBER)
_SITE = {
    **{"site": str, "samples": [str], "timepoints": [int], "t_r": [_NUMBER]},
    **dict.fromkeys(("table", "selected", "files", "loaded"), _COUNT),
    "groups": [{"name": str, "n": int, "n_male": _COUNT, "age": _SPREAD, "motion": _SPREAD}],
}
RECORDS = {
    "options": {**dict.fromkeys(("data_dir", "bids", "table"), (None, str)), "length": _COUNT},
    "settings": {"n_folds": int, "n_repeats": int, "sites": [str], "models": dict},
    "cohort": {
        **{"sites": (None, [_SITE]), "roi_codes": (None, [int])},
        **{"roi_names": (None, [str]), "notices": (None, [str])},
        "left_out": (None, [{"participant_id": str, "file": str, "reason": str}]),
        "rows": (None, [{"subject": str, "age": _KNOWN, "motion": _KNOWN}]),
        "constant": (None, [{"row": int, "roi": int}]),
    },
}
_MEASURES = ("correlation", "dice", "matched_correlation", "matched_dice")
_ENDS = ("", "_null", "_z")
_COLUMNS = {
    "communities": ("method", "site", "repeat", "fold", "community", "size", "dead"),
    "robustness": (
        *("method", "site", "repeat", "fold", "other"),
        *(f"{measure}{end}" for measure in _MEASURES for end in _ENDS),
    ),
    "decoding": (
        *("site", "model", "repeat", "fold", "rank", "community", "influence", "rois", "term"),
    ),
}
_TEXTS = ("method", "model", "site", "rois", "term", "image")
_TYPES = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(("repeat", "fold", "other", "rank", "community"), int),
    **dict.fromkeys((*_COLUMNS["robustness"][5:], "size", "influence", "r", "z", "p"), float),
    **{"redundancy": float, "n_effective": float, "p_fwe": float},
}


def read_record(folder, name):
    """Read the JSON object of this name; empty where there is none."""
    path = Path(folder) / f"{name}.json"
    return read_json(path, RECORDS[name]) if path.exists() else {}


def read_table(folder, name):
    """Read the table of this name; None where there is none."""
    path = Path(folder) / f"{name}.csv"
    if not path.exists():
        return None
    try:
        if not path.read_bytes().endswith(b"\n"):
            raise ValueError("it is empty, or its last line is cut")
        table = _parse(path, _COLUMNS[name])
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    return table


def _parse(path, columns):
    """Read a table that has these columns, rows, and texts where it needs them."""
    types = _TYPES | {"dead": bool if "dead" in columns else int}  # of a community, or how many
    table = read_csv(path, dtype=types, keep_default_na=False, na_values=[""], index_col=False)
    lacking = [name for name in columns if name not in table]
    if lacking or table.empty:
        raise ValueError(f"it has no column {lacking[0]!r}" if lacking else "it has no rows")
    for name in {"method", "model", "site", "rois"} & {*columns}:
        if table[name].isna().any():
            raise ValueError(f"column {name!r} has empty cells")
    return table
