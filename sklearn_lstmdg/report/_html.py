"""Pieces of HTML. Every text is escaped here, and nowhere else."""

from base64 import b64encode
from html import escape
from pathlib import Path

__all__ = ["details", "drawing", "notes", "number", "paragraph", "picture", "table", "text"]

_LONG = 60


def text(value):
    """Escape a text.

    Parameters
    ----------
    value : object
        What to show.

    Returns
    -------
    str
        Safe as content and as an attribute's value.
    """
    return escape(str(value), quote=True)


def number(value, form="{:.3f}", missing="-"):
    """Return a cell of a table: what it shows, and what it is sorted by.

    Parameters
    ----------
    value : float or None
        None and NaN are missing.
    form : str, default="{:.3f}"
        How to show it.
    missing : str, default="-"
        What to show where it is missing.

    Returns
    -------
    tuple of str and float or None
    """
    if value is None or value != value:
        return missing, None
    return form.format(value), float(value)


def paragraph(content, css=""):
    """Return a paragraph, with a class where one is given."""
    return f'<p class="{text(css)}">{text(content)}</p>' if css else f"<p>{text(content)}</p>"


def notes(lines):
    """Return a list of remarks."""
    return f"<ul>{''.join(f'<li>{text(line)}</li>' for line in lines)}</ul>" if lines else ""


def details(title, content):
    """Return content (HTML) that a click opens."""
    return f"<details><summary>{text(title)}</summary>{content}</details>"


def table(caption, headings, rows):
    """Return a table that can be sorted by each column and scrolls in its own box.

    Parameters
    ----------
    caption : str
        What the table is.
    headings : sequence of str
        Names of the columns.
    rows : iterable of sequences
        Cells: a text, or the pair of :func:`number`. The first names the row.

    Returns
    -------
    str
        HTML.
    """
    rows = [list(row) for row in rows]
    head = "".join(
        f'<th scope="col"{_align(column, rows)}><button type="button">{text(heading)}</button></th>'
        for column, heading in enumerate(headings)
    )
    body = "".join(f"<tr>{_cell(row[0], True)}{''.join(map(_cell, row[1:]))}</tr>" for row in rows)
    return (
        f'<div class="box" role="region" aria-label="{text(caption)}" tabindex="0"><table>'
        f"<caption>{text(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _align(column, rows):
    is_number = rows and all(isinstance(row[column], tuple) for row in rows)
    return ' class="number"' if is_number else ""


def _cell(value, names_row=False):
    if isinstance(value, tuple):
        shown, key = value
        key = "" if key is None else float(key)
        content = f' class="number" data-value="{key}">{text(shown)}'
    else:
        is_long = len(str(value)) > _LONG and not names_row
        content = (' class="long">' if is_long else ">") + text(value)
    return f'<th scope="row"{content}</th>' if names_row else f"<td{content}</td>"


def drawing(svg, alternative, caption):
    """Return a figure of inline SVG, with a text in its place for those who cannot see it."""
    start = f'<svg role="img" aria-label="{text(alternative)}"'
    named = svg.replace("<svg", start, 1)
    return f"<figure>{named}{_caption(caption)}</figure>"


def picture(path, alternative, caption):
    """Return a figure of a PNG file, held in the page itself."""
    content = b64encode(Path(path).read_bytes()).decode()
    source = f"data:image/png;base64,{content}"
    image = f'<img alt="{text(alternative)}" src="{source}">'
    box = f'<div class="box" role="region" aria-label="{text(caption)}" tabindex="0">{image}</div>'
    return f'<figure class="wide">{box}{_caption(caption)}</figure>'


def _caption(caption):
    return f"<figcaption>{text(caption)}</figcaption>"
