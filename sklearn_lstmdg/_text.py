"""Text that is read elsewhere: no name can steer a terminal or a spreadsheet."""

import csv
import re

from ._extras import require

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")  # a file's name ends at NUL, for some readers a cell
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
# What spreadsheets take for a formula, in full width too, behind as many apostrophes as earlier
# writing has set.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def check_encodable(values, what):
    """Refuse texts that no file can hold: NUL, and halves of characters (names of no UTF-8)."""
    for value in values:
        if isinstance(value, str) and _UNWRITABLE.search(value):
            raise ValueError(f"The name {value!r} of {what} holds what no file can bear.")


def printable(text):
    """Return text whose control characters are escapes, except the ends of lines."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", str(text))


def one_line(text):
    """Return text with nothing in it that would end a cell or a line, or steer a terminal."""
    return printable(" ".join(str(text).splitlines()))


def listed(things, most=10):
    """Name the first of some things, and count the others."""
    named, n_more = ", ".join(map(str, things[:most])), len(things) - most
    return f"{named} and {n_more} more" if n_more > 0 else named


def counted(n, one, many=None):
    """Return a number with the words that fit it: "1 fold is left", "2 folds are left"."""
    return f"{n} {one if n == 1 else many or f'{one}s'}"


def to_csv(table):
    """Return a table as CSV: an apostrophe before each text that a spreadsheet would compute."""
    mended = _map_texts(table, lambda text: f"'{text}")
    text = mended.to_csv(index=False, lineterminator="\n")
    if "\r" not in text:
        return text
    # Only Python's latest csv quotes what many readers take for the end of a row.
    return mended.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)


def read_csv(path, **options):
    """Read a table that :func:`to_csv` wrote, with the texts as they were; options are pandas's."""
    table = require("pandas", extra="data").read_csv(path, **options)
    return _map_texts(table, lambda text: text.removeprefix("'"))


def _map_texts(table, change):
    def mend(cell):
        return change(cell) if isinstance(cell, str) and _FORMULA.match(cell) else cell

    texts = table.select_dtypes(exclude="number")
    return table.assign(**{name: texts[name].map(mend) for name in texts})
