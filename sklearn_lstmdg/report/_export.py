"""All that a page shows, as JSON can hold it."""

import json
from dataclasses import asdict, is_dataclass

import numpy as np

from .._bunch import plain

_OF_A_FIGURE = ("caption", "alternative")


def to_json(title, version, sections):
    """Return what the sections of a page show, numbers in full, pictures as their texts."""
    content = {"title": title, "generator": f"sklearn_lstmdg {version}"}
    content |= {section["name"]: _plain(section["data"]) for section in sections}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value):
    """Return what JSON can hold: NaN is null, a figure its caption and its text."""
    if is_dataclass(value):
        return {name: text for name, text in asdict(value).items() if name in _OF_A_FIGURE}
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items() if key != "image"}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    value = plain(value)
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    is_missing = value != value or str(value) == "<NA>"  # as pandas has it
    return None if is_missing else str(value)
