"""What functions return: fields by name, which show what they hold, not all of it."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from sklearn.utils import Bunch as _Bunch

from ._text import counted, printable

_MOST_VALUES = 4  # of which the counts are told
_WIDTH = 72


class Bunch(_Bunch):
    """Fields by name or attribute; printed, each is told by its kind and size."""

    def __repr__(self) -> str:
        if not self:
            return "Bunch of no fields"
        width = max(len(str(name)) for name in self)
        lines = [f"  {printable(name):{width}}  {_describe(value)}" for name, value in self.items()]
        title = f"Bunch of {counted(len(self), 'field')}"
        return "\n".join([title, *lines])

    def _repr_html_(self) -> str:
        rows = (
            f'<tr><th scope="row" style="text-align: left">{escape(str(name))}</th>'
            f'<td style="text-align: left">{escape(_describe(value))}</td></tr>'
            for name, value in self.items()
        )
        return f"<table><tbody>{''.join(rows)}</tbody></table>"


def plain(value):
    """Return a number of numpy as one of Python, which JSON can hold; another value as it is."""
    return value.item() if isinstance(value, np.generic) else value


def _describe(value: Any) -> str:
    """Return one line on a value."""
    if isinstance(value, np.ndarray):
        return _describe_array(value)
    if hasattr(value, "columns"):
        return f"table of {_by(value.shape)}"
    if isinstance(value, list | tuple) and value and all(hasattr(v, "shape") for v in value):
        return f"{len(value)} arrays of {_shapes(value)}"
    if isinstance(value, Mapping) and value:
        return _shorten(f"{', '.join(map(str, value))}")
    value = plain(value)
    return _shorten(value if isinstance(value, str) else repr(value))


def _describe_array(array):
    if array.dtype.names:
        return f"table of {_by((*array.shape, len(array.dtype.names)))}"
    text = f"{array.dtype.name.rstrip('0123456789')} array of {_by(array.shape)}"
    if array.ndim != 1 or array.dtype.kind not in "biuOSU" or not array.size:
        return text
    values, counts = np.unique(array.astype(str), return_counts=True)
    if len(values) > _MOST_VALUES or len(values) == array.size:
        return text
    counted = [f"{n} of {printable(value)}" for value, n in zip(values, counts, strict=True)]
    return f"{text}: {', '.join(counted)}"


def _shapes(arrays):
    """Return the shape of arrays, with a range where they differ."""
    if len({array.ndim for array in arrays}) > 1:
        return "different shapes"
    sizes = zip(*(array.shape for array in arrays), strict=True)
    return " x ".join(f"{min(n)}" if len(set(n)) == 1 else f"{min(n)}-{max(n)}" for n in sizes)


def _by(shape):
    return " x ".join(map(str, shape)) or "one number"


def _shorten(text):
    """Return the first line of a text, or of it what fits."""
    line, *more = map(printable, text.strip().splitlines() or [""])
    return f"{line[:_WIDTH]} ..." if more or len(line) > _WIDTH else line
