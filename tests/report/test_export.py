"""All that a page shows, as JSON."""

import json
from html import escape

from _pages import SECTIONS


def test_all_that_is_shown_is_in_a_file_beside_the_page(folder, page):
    assert page.count('href="report.json"') >= 1
    record = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert set(SECTIONS.split()) <= set(record) and escape(record["title"]) in page
    for section in SECTIONS.split():
        for figure in record[section].get("figures", ()):
            assert f">{escape(figure['caption'])}<" in page.replace("&#34;", "&quot;")
    auc = record["results"]["models"][0]["auc"]
    assert f"{auc:.3f}" in page and len(str(auc)) > 6, "numbers in full"
    assert len(record["subjects"]["subjects"]) == 24 and len(record["folds"]["folds"]) == 12
    assert record["methods"]["text"][0][:12] in page
