"""What to know before the results."""

import json

import pytest

from sklearn_lstmdg.evaluation import Comparison
from sklearn_lstmdg.report import write_report

from _pages import rows_of

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_folds_hardly_trained_are_announced(copy, page, monkeypatch, undrawn):
    summary = Comparison.summary
    monkeypatch.setattr(
        Comparison, "summary", lambda self: summary(self).assign(n_untrained=[2, 0, 0, 0])
    )
    told = write_report(copy).read_text(encoding="utf-8")
    assert "all scores are equal): 2 of 3 folds of lstm-dg at " in told
    assert "Hardly trained" not in page and told.count("Hardly trained") == 1
    assert told.index("Hardly trained") < told.index('<section id="run"')


def test_an_unfinished_run_says_so(copy, undrawn):
    next((copy / "folds").glob("odd*")).unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    assert "Not finished: 11 of 12 folds" in page
    for path in (copy / "folds").glob("odd*"):
        path.unlink()
    assert "nothing to test it against" in write_report(copy).read_text(encoding="utf-8")


def test_permuted_labels_are_announced(copy, page, undrawn):
    options = json.loads((copy / "options.json").read_text())
    (copy / "options.json").write_text(json.dumps(options | {"permute_labels": 3}))
    announced = "The labels were permuted within sites"
    assert announced in write_report(copy).read_text(encoding="utf-8") and announced not in page


def test_notices_on_the_cohort_stand_at_the_top(copy, undrawn):
    record = json.loads((copy / "cohort.json").read_text())
    (copy / "cohort.json").write_text(json.dumps(record | {"notices": ["Times <mixed>."]}))
    page = write_report(copy).read_text(encoding="utf-8")
    assert page.index("Times &lt;mixed&gt;.") < page.index('<dl class="tiles">')


def test_which_rows_trained_each_model_stands_at_the_top_in_words(page):
    top = page[: page.index('<section id="run"')]
    assert "name: trained on 4 scans in each fold; 4 others chose its epoch; 4 that it never" in top


def test_constant_series_have_the_names_of_subject_site_and_roi(copy, page, undrawn):
    assert "constant over their scan" not in page
    record = json.loads((copy / "cohort.json").read_text())
    record |= {"constant": [{"row": 3, "roi": 1}], "roi_names": ["A", "<B>", "C", "D", "E"]}
    (copy / "cohort.json").write_text(json.dumps(record))
    page = write_report(copy).read_text(encoding="utf-8")
    (cells,) = rows_of(page, "Series that are constant over their scan")
    assert cells[2] == "&lt;B&gt;" and cells[0] == record["rows"][3]["subject"]
    assert cells[1] in ("SITE_1", "SITE_2") and "&lt;B&gt; of subject" in page
