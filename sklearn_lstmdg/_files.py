"""Files that are there whole or not at all."""

import json
import os
import uuid
from io import BytesIO
from itertools import cycle

from ._text import to_csv


def write_atomically(path, content):
    """Write a file so that at any moment there is the whole of it, or what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def write_json(path, content):
    """Write what JSON can hold."""
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def write_csv(path, table):
    """Write a table as :func:`._text.to_csv` gives it."""
    write_atomically(path, to_csv(table).encode())


def write_figure(path, figure, **options):
    """Write a figure of matplotlib, in the format that its name ends in."""
    buffer = BytesIO()
    figure.savefig(buffer, format=path.suffix[1:], **options)
    write_atomically(path, buffer.getvalue())


def read_json(path, form=None):
    """Read a file that holds a JSON object, whose values have the forms of their names."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged, it is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is damaged: it holds no JSON object.")
    for name, each in (form or {}).items():
        if not fits(content.get(name), each):
            raise ValueError(f"{path} is damaged: {name!r} is missing or holds what it cannot.")
    return content


def fits(value, form):
    """Tell whether a value has a form.

    A form is None, a type, a tuple of forms of which one fits, a list of forms that elements have
    in turn, or a dict of forms, all of whose names are there.
    """
    if isinstance(form, tuple):
        return any(fits(value, each) for each in form)
    if isinstance(form, list):
        is_whole = isinstance(value, list) and len(value) % len(form) == 0
        return is_whole and all(map(fits, value, cycle(form)))
    if isinstance(form, dict):
        is_whole = isinstance(value, dict) and form.keys() <= value.keys()
        return is_whole and all(fits(value[name], each) for name, each in form.items())
    return value is None if form is None else isinstance(value, form)


def _sync_folder(folder):
    """Make a renamed file outlast a power failure, where folders can be synchronised."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
