"""Tables of participants or scans, checked as they are read: CSV by commas, TSV by tabs."""

import csv
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._extras import require
from .._text import counted

# BIDS has n/a; spreadsheets and pandas write the others.
MISSING = ("n/a", "N/A", "NA", "NaN", "nan", "")
_CODE = -9999
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_SAID = {",": "commas", "\t": "tabs", ";": "semicolons"}
_EXCEL = re.compile(r'"?sep=(.)"?\n')
_LEADING_ZERO = re.compile(r"[+-]?0\d+(?![.\d])")
# Beyond 15 digits two codes may be one number.
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})(\.0)?")
_END = "end"


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
    _check_lengths(path, header, rows)
    return header


def _check_lengths(path, header, rows):
    """Refuse rows, each with the number of its line, that are longer or shorter than the header."""
    for line, row in rows:
        if len(row) != len(header):
            last = header[min(len(row), len(header)) - 1]
            raise ValueError(
                f"{path}, line {line}: {counted(len(row), 'value')} for "
                f"{counted(len(header), 'column')}; the last column in common is "
                f"{last}{_other_separator(header)}."
            )


def _other_separator(header):
    """Tell of a table's only column that it seems to be several, or return nothing."""
    only = header[0] if len(header) == 1 else ""
    found = next((said for separator, said in _SAID.items() if separator in only), None)
    return f": are columns separated by {found}? A .csv has commas, a .tsv tabs" if found else ""


def _read_cells(path, text, separator):
    """Return each row but empty ones, with the number of its line.

    A quote that does not end takes the rows below into its cell, and the line at the end too.
    """
    reader = csv.reader(io.StringIO(f"{text}\n{_END}"), delimiter=separator)
    try:
        *rows, (n_lines, last) = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        hint = " (does a quote above not end?)" if '"' in text else ""
        raise ValueError(f"{path}, line {reader.line_num + 1}: {error}{hint}.") from error
    for line, row in rows if separator == "\t" else ():
        _refuse_quote(path, line, (cell for cell in row if "\n" in cell and "\t" in cell))
    _refuse_quote(path, n_lines, last[-1:] if last != [_END] else ())
    return [(line, row) for line, row in rows if row]


def _refuse_quote(path, line, wrong):
    """Refuse the first of a row's wrong cells, which hold rows below; the row ends at the line."""
    for cell in wrong:
        start = line - cell.count("\n")
        raise ValueError(f"{path}, line {start}: a cell begins with a quote that does not end.")


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
                    names = list(map(str, self.rows))
                    there = ", ".join(names) + _other_separator(names)
                    raise ValueError(
                        f"{self.where} has no column {name!r} ({parameter}); it has {there}."
                    )

    def refuse_commas(self, *columns):
        """Refuse numbers that are written with commas, where a column has nothing but numbers."""
        to_numeric = require("pandas", extra="data").to_numeric
        for name in columns:
            cells = self.rows[name].astype(object).map(str).where(self.rows[name].notna())
            with_comma = cells.str.contains(",", regex=False, na=False).to_numpy()
            plain = to_numeric(cells.str.replace(",", "", regex=False), errors="coerce")
            if with_comma.any() and plain.notna().equals(cells.notna()):
                position = int(np.argmax(with_comma))
                raise ValueError(
                    f"{self.line(position)}: {name} {cells.iloc[position]!r} has a comma; numbers "
                    "have a point before decimals, and nothing between thousands."
                )

    def refuse_mixed(self, *columns):
        """Refuse columns of numbers in which a cell is another word."""
        for name in columns:
            cells = self.rows[name].astype(object)
            numbers = require("pandas", extra="data").to_numeric(cells, errors="coerce")
            words = (numbers.isna() & cells.notna()).to_numpy()
            if words.any() and numbers.notna().any() and not has_codes(cells):
                position = int(np.argmax(words))
                raise ValueError(
                    f"{self.line(position)}: {name} {cells.iloc[position]!r} is no number, as "
                    "those of other rows are."
                )

    def refuse_missing(self, column):
        """Refuse a column with an empty cell."""
        missing = self.rows[column].isna().to_numpy()
        if missing.any():
            told = f"{self.line(int(np.argmax(missing)))}: {column} is missing"
            raise ValueError(f"{told}: empty, n/a, NA, NaN or {_CODE}.")

    def refuse_repeated(self, column):
        """Refuse a column with a cell that an earlier row has too."""
        repeated = self.rows[column].duplicated().to_numpy()
        if repeated.any():
            row = int(np.argmax(repeated))
            raise ValueError(
                f"{self.line(row)}: {column} {self.rows[column].iloc[row]} is there twice."
            )


def read_rows(table, texts=(), names=(), numbers=()):
    """Read a table, or take a DataFrame.

    Of a file, a column is of numbers where each cell is one, and none begins with a zero as codes
    do (01, 002), which in ``numbers`` they may. Columns of ``texts`` stay as written, those of
    ``names`` too, unless they are of plain whole numbers.
    """
    pandas = require("pandas", extra="data")
    is_frame = isinstance(table, pandas.DataFrame)
    where = "The table" if is_frame else str(Path(table).expanduser())
    rows = table.reset_index(drop=True) if is_frame else _read_file(Path(where))
    twice = rows.columns[rows.columns.duplicated()]
    if len(twice):
        raise ValueError(f"{where} has the column {twice[0]!r} twice.")
    if rows.empty:
        raise ValueError(f"{where} has no row below the names of its columns.")
    if not is_frame:
        typed = {name: _typed(rows[name]) for name in rows if name not in texts}
        rows = rows.assign(**{n: c for n, c in typed.items() if _fits(rows[n], n, names, numbers)})
    rows = without_codes(rows)
    as_text = {name: _as_texts(rows[name]) for name in texts if name in rows}
    return Table(rows.assign(**as_text), where, "row" if is_frame else "line")


def _as_texts(column):
    """Return a column as texts; of numbers that are all whole, as 1.0 among floats, without .0."""
    return column.convert_dtypes().astype(str).where(column.notna())


def _typed(column):
    """Return a column of a file as numbers, where each cell is one."""
    numbers = require("pandas", extra="data").to_numeric(column.astype(object), errors="coerce")
    return numbers if numbers.notna().equals(column.notna()) else column


def _fits(column, name, names, numbers):
    """Tell whether a column of a file may be of numbers, by what it is for and what is written."""
    known = column[column.notna()]
    if name in names:
        return all(map(_WHOLE.fullmatch, known))
    return name in numbers or not has_codes(known)


def has_codes(cells):
    """Tell whether a cell is a text that begins with a zero as codes do, and not as 0.5 or 08.5."""
    return any(isinstance(cell, str) and _LEADING_ZERO.match(cell) for cell in cells)


def first_code(column):
    """Return the first cell that begins with a zero as codes do; None where cells are words too."""
    code = next((cell for cell in column if has_codes([cell])), None)
    return None if _typed(column) is column else code


def without_codes(rows):
    """Return a table in which PCP's code of what is missing is missing, in every column."""
    numbers = rows.apply(require("pandas", extra="data").to_numeric, errors="coerce")
    return rows.apply(lambda column: column.mask(numbers[column.name] == _CODE))


def _read_file(path):
    """Return the texts of a file's cells, NaN where one is missing, by the numbers of the lines."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no table {path}.")
    separator = _SEPARATORS.get(path.suffix.lower())
    if separator is None:
        raise ValueError(f"{path}: the name of a table ends in .csv or .tsv.")
    text = decode(path)
    excels = _EXCEL.match(text)
    if excels:
        text, separator = text[excels.end() - 1 :], excels[1]
    rows = [row for row in _read_cells(path, text, separator) if any(map(str.strip, row[1]))]
    (_, header), *rows = rows or [(1, [])]
    _check_lengths(path, header, rows)
    cells = [[_known(cell.strip()) for cell in row] for _, row in rows]
    return _to_frame(list(map(str.strip, header)), [line for line, _ in rows], cells)


def _known(cell):
    return np.nan if cell in MISSING else cell


def _to_frame(header, lines, cells):
    """Return a table without the columns of spreadsheets that have neither a name nor a value."""
    rows = require("pandas", extra="data").DataFrame(cells, index=lines, columns=header)
    return rows.loc[:, rows.notna().any().to_numpy() | (rows.columns != "")]


def as_target(table, name):
    """Return the targets of rows: whole numbers, numbers, or names of classes.

    Shapes: returned (n_rows,).
    """
    column = table.rows[name].astype(object)
    numbers = require("pandas", extra="data").to_numeric(column, errors="coerce")
    is_bool = all(isinstance(value, bool | np.bool_) for value in column)
    if is_bool or numbers.isna().all() or has_codes(column):
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
