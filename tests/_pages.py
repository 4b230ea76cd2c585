"""What the pages of reports consist of: sections, rows of tables, figures."""

import re
from html.parser import HTMLParser

from sklearn_lstmdg.report import _svg

ODD_NAME = 'odd<b>&"name'
SECTIONS = (
    "notices run cohort results tests chance confusion calibration roc subjects covariates "
    "training robustness communities warnings versions folds methods cite"
)


class Outline(HTMLParser):
    """What a page consists of: ids, sections, addresses, figures; refuses unclosed tags."""

    VOID = {"meta", "link", "img", "br"}

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.sections, self.addresses, self.figures = [], [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.open += [] if tag in self.VOID else [tag]
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.sections += [attributes["id"]] if tag == "section" else []
        if tag == "img" or attributes.get("role") == "img":
            self.figures.append(attributes.get("alt") or attributes.get("aria-label"))
        names = ("src", "href", "xlink:href", "action")
        self.addresses += [attributes[name] for name in names if name in attributes]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def rows_of(page, caption):
    """Return the cells of the table with this caption, row by row."""
    body = re.search(rf"<caption>{caption}</caption>.*?<tbody>(.*?)</tbody>", page, re.DOTALL)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def top_rows(page, name):
    return rows_of(page, f"Most influential communities of {name}")


def leave_figures_out(monkeypatch):
    """Draw nothing, where figures are not what is tested: most of the time goes there."""

    def draw(paint, name, texts, size):
        return [_svg.Drawing(*text, "0 0 1 1", "") for text in texts.items()]

    monkeypatch.setattr(_svg, "draw", draw)
