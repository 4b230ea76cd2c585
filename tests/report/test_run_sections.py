"""Sections on what was run, and on whom."""

import json

import pytest

from sklearn_lstmdg.report import write_report

from _pages import ODD_NAME, rows_of

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_groups_and_their_motion(page, cohort):
    assert "No subject was left out: the scans were simulated." in page
    rows = rows_of(page, "Groups")
    assert len(rows) == 4 and {cells[1] for cells in rows} == {"autism", "control"}
    assert sum(int(cells[2]) for cells in rows) == 24
    mine = (cohort.sites == rows[0][0]) & (cohort.target == 1)
    motion = cohort.phenotypic["func_mean_fd"][mine]
    assert rows[0][5] == f"{motion.mean():.3f} ({motion.std(ddof=1):.3f})"


def test_notices_on_the_cohort_stand_at_the_top(copy, undrawn):
    record = json.loads((copy / "cohort.json").read_text())
    (copy / "cohort.json").write_text(json.dumps(record | {"notices": ["Times <mixed>."]}))
    page = write_report(copy).read_text(encoding="utf-8")
    assert page.index("Times &lt;mixed&gt;.") < page.index('<dl class="tiles">')


def test_without_a_record_of_the_cohort(copy, undrawn):
    for name in ("cohort.json", "options.json"):
        (copy / name).unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    rows = rows_of(page, "Subjects")
    assert [sum(int(cells[i]) for cells in rows) for i in (1, 2, 3)] == [24, 12, 12]
    assert "there is no cohort.json" in page and "The study as one file" not in page


def test_own_scans_and_who_was_left_out(copy, undrawn):
    options = json.loads((copy / "options.json").read_text())
    more = {"bids": "/home/somebody/xcp_d", "atlas": "4S156Parcels", "session": ["1", "2"]}
    (copy / "options.json").write_text(json.dumps(options | more))
    record = json.loads((copy / "cohort.json").read_text()) | {"simulated": False}
    missing = {"participant_id": "sub-9", "file": "/home/somebody/sub-9.tsv", "reason": "too <few>"}
    for left_out in ([missing], []):
        (copy / "cohort.json").write_text(json.dumps(record | {"left_out": left_out}))
        page = write_report(copy).read_text(encoding="utf-8")
        assert "series of BIDS derivatives, atlas 4S156Parcels, session 1, 2." in page
        assert "simulated" not in page and "somebody" not in page
        assert ("No scan was left out." in page) == (not left_out)
        if left_out:
            told = rows_of(page, "Who was left out")
            assert told == [["sub-9", "sub-9.tsv", "too &lt;few&gt;"]]


def test_warnings_are_counted_by_fold(copy, undrawn):
    from sklearn_lstmdg.evaluation._store import FoldResult, FoldStore

    store = FoldStore(copy)
    for key, result in store.read_all().items():
        if key[:2] == ("lstm-dg", "SITE_1") or key[0] == ODD_NAME:
            messages = [f"UserWarning: {key[3]} of <9> rows", "UserWarning: 7 of <9> rows"]
            store.path(key).unlink()
            store.write(FoldResult(result.facts | {"warnings": messages}, result.arrays))
    rows = rows_of(write_report(copy).read_text(encoding="utf-8"), "Warnings of the folds")
    assert {cells[2] for cells in rows} == {"3"}
    assert all("of &lt;9&gt; rows" in cells[3] for cells in rows)


def test_parameters_of_models_side_by_side(folder, page):
    rows = rows_of(page, "Parameters")
    assert rows_of(page, "Models")[0][1:3] == ["Noise", "6"]
    assert ["scale", "1.0", "2.0"] in rows and ["log", "null", "null"] in rows


def test_every_fold_is_listed(page):
    rows = rows_of(page, "Every fold")
    assert len(rows) == 12 and all(len(cells) == 15 for cells in rows)
