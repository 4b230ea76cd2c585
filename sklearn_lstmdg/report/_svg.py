"""Small panels of inline SVG, which a phone can show one below the other, in the page's colours."""

import re
from dataclasses import dataclass
from io import BytesIO

from .._extras import require

_INK = "#1c2024"
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 9,
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK
    ),
}

# The displays' colours become the page's, which has others in the dark.
_PAGE_COLORS = {
    _INK: "currentColor",
    "#000000": "currentColor",
    "#737373": "var(--soft)",
    "#bfbfbf": "var(--pale)",
    "#d9d9d9": "var(--line)",
    "#ffffff": "var(--paper)",
    "#0072b2": "var(--c0)",
    "#d55e00": "var(--c1)",
    "#009e73": "var(--c2)",
    "#cc79a7": "var(--c3)",
    "#e69f00": "var(--c4)",
    "#56b4e9": "var(--c5)",
}


@dataclass
class Drawing:
    """A figure whose SVG is the only markup that a template takes as it is."""

    caption: str
    alternative: str
    view_box: str
    svg: str

    def __html__(self):
        return self.svg


def draw(paint, name, texts, size):
    """Let a function paint as many panels as there are captions, each with its alternative."""
    matplotlib = require("matplotlib", extra="plot")
    figure = require("matplotlib.figure", extra="plot")
    with matplotlib.rc_context(_SETTINGS):
        figures = [figure.Figure(figsize=size, layout="constrained") for _ in texts]
        axes = [each.add_subplot() for each in figures]
        paint(axes if len(axes) > 1 else axes[0])
        return [
            Drawing(*text, *_to_svg(each, f"{name}-{number}"))
            for number, (text, each) in enumerate(zip(texts.items(), figures, strict=True))
        ]


def _to_svg(figure, name):
    """Return a figure's view box and SVG, whose ids are its own and whose colours the page's."""
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue().decode()
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\1{name}-", svg)
    for theirs, ours in _PAGE_COLORS.items():
        svg = svg.replace(theirs, ours)
    return re.search(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>(.*)</svg>', svg, re.DOTALL).groups()
