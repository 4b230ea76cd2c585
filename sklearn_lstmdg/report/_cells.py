"""What a table's cell shows, and what it is sorted by, from a format of a record's fields."""

from string import Formatter


class _Formatter(Formatter):
    """Writes missing values as dashes, and knows the formats ``time`` and ``p``."""

    def format_field(self, value, spec):
        if _is_missing(value):
            return "-"
        if spec == "p":
            return "<0.001" if value < 0.0005 else f"{value:.3f}"
        return _duration(value) if spec == "time" else super().format_field(value, spec)


_FORMATTER = _Formatter()


def is_numeric(form):
    """Tell whether a format's column is of numbers: it begins with a field that says how."""
    text, _, spec, _ = next(_FORMATTER.parse(form))
    return not text and bool(spec)


def sort_key(form, record):
    """Return the number that a cell is sorted by, its first; empty where it is missing."""
    name = next(_FORMATTER.parse(form))[1]
    value = _FORMATTER.get_field(name, (), record)[0]
    return "" if _is_missing(value) else float(value)


def fill(form, record):
    """Return a record as a format shows it; a dash where its first number is missing."""
    if is_numeric(form) and sort_key(form, record) == "":
        return "-"
    shown = _FORMATTER.vformat(form, (), record)
    for unknown in (" (-)", " (- to -)", " (---)"):  # of one value, of none
        shown = shown.removesuffix(unknown)
    return shown


def _is_missing(value):
    return value is None or value != value


def _duration(seconds):
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
