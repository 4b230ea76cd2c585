"""Tables of participants or scans, checked as they are read: CSV by commas, TSV by tabs."""

import csv
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._extras import require

# BIDS has n/a; spreadsheets and pandas write the others.
MISSING = ("n/a", "N/A", "NA", "NaN", "nan", "")
_CODE = -9999
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def decode(path):
    """Return a file's text, which is in UTF-8; lines end in a line feed."""
    content = path.read_bytes()
    try:
        return re.sub("\r\n?", "\n", content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: the table is not in UTF-8 ({error}).") from error


def check_shape(path, text, needed, separator=","):
    """Return a table's column names; refuse lacking ones, and rows of another length."""
    header, *rows = _read_cells(path, text, separator) or [(1, [])]
    header = header[1]
    for name in needed:
        if header.count(name) != 1:
            raise ValueError(
                f"{path} has {header.count(name) or 'no'} column {name}; one is needed."
            )
    for line, row in rows:
        if row and len(row) != len(header):
            last = header[min(len(row), len(header)) - 1]
            raise ValueError(
                f"{path}, line {line}: {len(row)} values for {len(header)} columns; "
                f"the last column in common is {last}."
            )
    return header


def _read_cells(path, text, separator):
    """Return each row with the number of its line."""
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num + 1}: {error}.") from error


class Table(NamedTuple):
    """Rows whose index is their line in a file, or their number in a DataFrame."""

    rows: Any  # DataFrame
    where: str
    unit: str

    @property
    def folder(self):
        """The folder that a file lies in, in a list; empty for a DataFrame."""
        return [Path(self.where).parent] if self.unit == "line" else []

    def line(self, position):
        """Tell where a row stands."""
        return f"{self.where}, {self.unit} {self.rows.index[position]}"

    def check_column(self, **asked):
        """Refuse what is no name of a column, by the parameter that gives it; None names none."""
        for parameter, name in asked.items():
            if not isinstance(name, str | None):
                raise ValueError(f"{parameter} must be the name of a column, got {name!r}.")
        self.check_columns(**asked)

    def check_columns(self, **asked):
        """Refuse names of columns, by the parameter that gives them, that are not there."""
        for parameter, names in asked.items():
            for name in [names] if isinstance(names, str) else names or ():
                if name not in self.rows:
                    there = ", ".join(map(str, self.rows))
                    raise ValueError(
                        f"{self.where} has no column {name!r} ({parameter}); it has {there}."
                    )

    def refuse_missing(self, column):
        """Refuse a column with an empty cell."""
        missing = self.rows[column].isna().to_numpy()
        if missing.any():
            raise ValueError(f"{self.line(int(np.argmax(missing)))}: {column} is missing.")

    def refuse_repeated(self, column):
        """Refuse a column with a cell that an earlier row has too."""
        repeated = self.rows[column].duplicated().to_numpy()
        if repeated.any():
            row = int(np.argmax(repeated))
            raise ValueError(
                f"{self.line(row)}: {column} {self.rows[column].iloc[row]} is there twice."
            )


def read_rows(table, texts=()):
    """Read a table, or take a DataFrame; cells of the columns ``texts`` stay as written."""
    pandas = require("pandas", extra="data")
    if isinstance(table, pandas.DataFrame):
        rows, where, unit = table.reset_index(drop=True), "The table", "row"
    else:
        path = Path(table).expanduser()
        rows, where, unit = _read_file(path, texts), str(path), "line"
    twice = rows.columns[rows.columns.duplicated()]
    if len(twice):
        raise ValueError(f"{where} has the column {twice[0]!r} twice.")
    if rows.empty:
        raise ValueError(f"{where} has no row below the names of its columns.")
    rows = without_codes(rows)
    as_text = {
        name: rows[name].astype(str).where(rows[name].notna()) for name in texts if name in rows
    }
    return Table(rows.assign(**as_text), where, unit)


def without_codes(rows):
    """Return a table in which PCP's code of what is missing is missing, in every column."""
    numbers = rows.apply(require("pandas", extra="data").to_numeric, errors="coerce")
    return rows.apply(lambda column: column.mask(numbers[column.name] == _CODE))


def _read_file(path, texts):
    pandas = require("pandas", extra="data")
    if not path.is_file():
        raise FileNotFoundError(f"There is no table {path}.")
    separator = _SEPARATORS.get(path.suffix.lower())
    if separator is None:
        raise ValueError(f"{path}: the name of a table ends in .csv or .tsv.")
    text = decode(path)
    header = check_shape(path, text, (), separator)
    lines = text.partition("\n")[2]
    if not lines.strip():
        return pandas.DataFrame(columns=header)
    rows = pandas.read_csv(
        io.StringIO(lines),
        sep=separator,
        header=None,
        names=range(len(header)),
        dtype={column: str for column, name in enumerate(header) if name in texts},
        na_values=MISSING,
        keep_default_na=False,
    )
    return rows.set_axis(header, axis=1).set_axis(range(2, len(rows) + 2))


def as_target(table, name):
    """Return the targets of rows: whole numbers, numbers, or names of classes.

    Shapes: returned (n_rows,).
    """
    column = table.rows[name]
    numbers = require("pandas", extra="data").to_numeric(column, errors="coerce")
    if column.dtype == bool or numbers.isna().all():
        return column.to_numpy(dtype=str)
    values = numbers.to_numpy(dtype=float)
    wrong = ~np.isfinite(values)
    if wrong.any():
        position = int(np.argmax(wrong))
        raise ValueError(
            f"{table.line(position)}: {name} {column.tolist()[position]!r} is no finite number, as "
            "those of other rows are."
        )
    return values.astype(np.int64) if (values % 1 == 0).all() else values
