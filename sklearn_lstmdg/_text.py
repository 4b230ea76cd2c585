"""Text that is read elsewhere: no name can steer a terminal or a spreadsheet."""

import re

from ._extras import require

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
# What spreadsheets take for a formula, behind as many apostrophes as earlier writing has set.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def printable(text):
    """Return text whose control characters are escapes, except the ends of lines."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", str(text))


def to_csv(table):
    """Return a table as CSV: an apostrophe before each text that a spreadsheet would compute."""
    return _map_texts(table, lambda text: f"'{text}").to_csv(index=False)


def read_csv(path, **options):
    """Read a table that :func:`to_csv` wrote, with the texts as they were; options are pandas's."""
    table = require("pandas", extra="data").read_csv(path, **options)
    return _map_texts(table, lambda text: text.removeprefix("'"))


def _map_texts(table, change):
    def mend(cell):
        return change(cell) if isinstance(cell, str) and _FORMULA.match(cell) else cell

    texts = table.select_dtypes(exclude="number")
    return table.assign(**{name: texts[name].map(mend) for name in texts})
