"""Sections on what was run, and on whom."""

import json

import pytest

from sklearn_lstmdg.models import describe_model
from sklearn_lstmdg.report import write_report

from _pages import ODD_NAME, rows_of

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_groups_and_their_motion(page, cohort):
    assert "No subject was left out: the scans were simulated." in page
    rows = rows_of(page, "Groups")
    assert len(rows) == 4 and {cells[1] for cells in rows} == {"group 1", "group 0"}
    assert sum(int(cells[2]) for cells in rows) == 24
    mine = (cohort.sites == rows[0][0]) & (cohort.target == 1)
    motion = cohort.phenotypic["func_mean_fd"][mine]
    assert rows[0][5] == f"{motion.mean():.3f} ({motion.std(ddof=1):.3f})"


def test_the_largest_site_comes_first(copy, undrawn):
    record = json.loads((copy / "cohort.json").read_text())
    record["sites"][1]["groups"][0]["n"] += 5
    (copy / "cohort.json").write_text(json.dumps(record))
    rows = rows_of(write_report(copy).read_text(encoding="utf-8"), "Groups")
    assert [cells[0] for cells in rows] == ["SITE_2", "SITE_2", "SITE_1", "SITE_1"]


def test_models_atlas_and_pipeline_have_names_that_others_know(copy, page, undrawn):
    assert "What it is" not in page, "these are not the package's"
    options = json.loads((copy / "options.json").read_text())
    more = {"data_dir": "/home/somebody", "atlas": "ho", "pipeline": "cpac", "confounds": ["age"]}
    (copy / "options.json").write_text(json.dumps(options | more))
    record = json.loads((copy / "cohort.json").read_text()) | {"simulated": False}
    (copy / "cohort.json").write_text(json.dumps(record))
    settings = json.loads((copy / "settings.json").read_text())
    settings["models"]["lstm-dg"] = {"class": "Pipeline", "steps": [["c", "scans.ScanCleaner"]]}
    (copy / "settings.json").write_text(json.dumps(settings))
    page = write_report(copy).read_text(encoding="utf-8")
    assert rows_of(page, "Models")[0][1] == describe_model("lstm-dg")
    methods = page.split('<section id="methods"')[1]
    assert (
        "Of these, lstm-dg is LSTM-DG, which classifies" in methods and "pipeline C-PAC," in methods
    )
    assert page.count("Harvard-Oxford atlas") == 2


def test_without_a_record_of_the_cohort(copy, undrawn):
    for name in ("cohort.json", "options.json"):
        (copy / name).unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    rows = rows_of(page, "Subjects")
    assert [sum(int(cells[i]) for cells in rows) for i in (1, 2, 3)] == [24, 12, 12]
    assert "there is no cohort.json" in page and "The study as one file" not in page


def test_an_unfinished_run_shows_its_cohort(copy, undrawn):
    for path in (copy / "folds").glob("odd*"):
        path.unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    assert "Not finished: 6 of 12 folds" in page[: page.index('<section id="run"')]
    assert len(rows_of(page, "Groups")) == 4


def test_windows_are_those_of_models_that_cut_scans(copy, page, undrawn):
    assert "none, the models read whole scans" in page, "none of these cuts scans"
    path = copy / "settings.json"
    settings = json.loads(path.read_text())
    told = "30 time points, a new one every 5 time points"
    for (model, step), words in {("lstm-dg", 5): told, (ODD_NAME, 1): "not of one kind"}.items():
        augmenter = {"class": "sklearn_lstmdg.SubsequenceAugmenter", "length": 30, "step": step}
        settings["models"][model] = {"class": "Pipeline", "steps": [["cut", augmenter]]}
        path.write_text(json.dumps(settings))
        assert words in write_report(copy).read_text(encoding="utf-8")
    page = write_report(copy).read_text(encoding="utf-8")
    assert f"30 time points, a new one every time point; {told}" in page
    path.unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    assert page.count("unknown, the folder has no settings.json") == 2


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


def test_warnings_are_told_once_for_all_models_and_folds(copy, undrawn):
    from sklearn_lstmdg.evaluation._store import FoldResult, FoldStore

    store = FoldStore(copy)
    for key, result in store.read_all().items():
        first = f"(first: row {key[3]}, ROI <9>)"
        messages = [f"UserWarning: {key[3]} series {first}: set to 0.", "UserWarning: 7 <b> rows"]
        store.path(key).unlink()
        store.write(FoldResult(result.facts | {"warnings": messages}, result.arrays))
    rows = rows_of(write_report(copy).read_text(encoding="utf-8"), "Warnings of the folds")
    assert [cells[2] for cells in rows] == ["12", "12"]
    assert rows[0][0].endswith("series: set to 0.") and rows[1][0] == "7 &lt;b&gt; rows"
    assert rows[0][1].startswith("lstm-dg, odd")


def test_parameters_of_models_side_by_side(page):
    rows = rows_of(page, "Parameters")
    assert rows_of(page, "Models")[0][1:3] == ["Noise", "6"]
    assert ["scale", "1.0", "2.0"] in rows and ["log", "null", "null"] in rows


def test_every_fold_is_listed(page):
    rows = rows_of(page, "Every fold")
    assert len(rows) == 12 and all(len(cells) == 15 for cells in rows)
