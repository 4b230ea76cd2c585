"""Derivatives and tables that cannot be: each ends in one line that names what is wrong."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from sklearn_lstmdg.datasets import load_bids

from _trees import ROIS, make_tree, write_series, write_text, xcpd_path


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path, n_subjects=4, sessions=("1",), missing=False)


def table_of(tree):
    return tree.parents[1] / "participants.tsv"


def series_of(tree, subject="02", **names):
    return xcpd_path(tree, subject, "1", **names)


def edit_table(change):
    def damage(tree):
        path = table_of(tree)
        path.write_text(change(path.read_text()))

    return damage


def edit_series(change):
    def damage(tree):
        path = series_of(tree)
        path.write_text(change(path.read_text()))

    return damage


def edit_cell(line, column, cell):
    """Change a cell of a series, the line counted from 1 and the column from 0."""

    def change(text):
        lines = [row.split("\t") for row in text.splitlines()]
        lines[line - 1][column] = cell
        return "\n".join("\t".join(row) for row in lines) + "\n"

    return edit_series(change)


def frame(change):
    """Write a series that is a changed table of another one."""

    def damage(tree):
        path = series_of(tree)
        change(pd.read_csv(path, sep="\t")).to_csv(path, sep="\t", index=False)

    return damage


def sidecar(content):
    return lambda tree: series_of(tree).with_suffix(".json").write_text(content)


def remove(pattern):
    def damage(tree):
        for path in [*tree.rglob(pattern), *tree.parents[1].glob(pattern)]:
            path.unlink()

    return damage


def second(**names):
    """Add a series of the same scan, of another name."""

    def damage(tree):
        options = {"session": "1"} | names
        write_series(xcpd_path(tree, "02", **options), np.ones((9, 8)), RepetitionTime=2)

    return damage


def copy(name):
    """Add a copy of a series under another name, in words of the old one."""

    def damage(tree):
        path = series_of(tree)
        old, new = name
        shutil.copy(path, path.with_name(path.name.replace(old, new)))

    return damage


def raw_bytes(tree):
    table_of(tree).write_bytes(table_of(tree).read_bytes().replace(b"siteB", b"sit\xe9B"))


def two_sidecars(tree):
    remove("sub-*.json")(tree)
    for entity in ("space-MNI152NLin2009cAsym", "stat-mean"):
        t_r = len(entity)
        write_text(tree / f"{entity}_timeseries.json", f'{{"RepetitionTime": {t_r}}}')


def nowhere(tree):
    shutil.rmtree(tree)


def link_to_nothing(tree):
    path = series_of(tree)
    path.unlink()
    path.symlink_to("annex/nowhere.tsv")


def all_scans_miss_one(tree):
    for i, subject in enumerate(("01", "02", "03", "04")):
        path = series_of(tree, subject)
        table = pd.read_csv(path, sep="\t")
        table[ROIS[2 * i : 2 * i + 2]] = np.nan
        table.to_csv(path, sep="\t", index=False, na_rep="n/a")


SERIES = r"sub-02_ses-1_task-rest_space-\S+_seg-4S156Parcels_stat-mean_timeseries\.tsv"
JSON = SERIES.replace("tsv", "json")
TABLE = r"participants\.tsv"

BAD = {
    "no folder": (nowhere, {}, FileNotFoundError, "There is no folder .*xcp_d"),
    "no series": (remove("*_timeseries.tsv"), {}, FileNotFoundError, "xcp_d holds no ROI series"),
    "no participants": (remove("participants.tsv"), {}, FileNotFoundError, f"no {TABLE} in "),
    "a table that is not there": (
        lambda tree: None, {"participants": "people.tsv"}, FileNotFoundError, "no table people.tsv"
    ),
    "a table of another format": (
        lambda tree: table_of(tree).rename(table_of(tree).with_suffix(".xlsx")),
        {"participants": ".xlsx"}, ValueError, r"xlsx: the name of a table ends in .csv or .tsv",
    ),
    "an empty table": (edit_table(lambda text: ""), {}, ValueError, f"{TABLE} has no row"),
    "a table without rows": (
        edit_table(lambda text: text.splitlines()[0] + "\n"), {}, ValueError, f"{TABLE} has no row"
    ),
    "a column twice": (
        edit_table(lambda text: text.replace("age", "site")), {}, ValueError,
        f"{TABLE} has the column 'site' twice",
    ),
    "a row too long": (
        edit_table(lambda text: text.replace("20.5", "20.5\t1")), {}, ValueError,
        f"{TABLE}, line 2: 5 values for 4 columns",
    ),
    "commas in place of tabs": (
        edit_table(lambda text: text.replace("\t", ",")), {}, ValueError,
        f"{TABLE} has no column 'participant_id'",
    ),
    "another encoding": (raw_bytes, {}, ValueError, f"{TABLE}, line 4: the table is not in UTF-8"),
    "no participant_id": (
        edit_table(lambda text: text.replace("participant_id", "subject")), {}, ValueError,
        f"{TABLE} has no column 'participant_id' .*it has subject, diagnosis, site, age",
    ),
    "a participant without id": (
        edit_table(lambda text: text.replace("sub-03", "n/a")), {}, ValueError,
        f"{TABLE}, line 4: participant_id is missing",
    ),
    "a participant twice": (
        edit_table(lambda text: text.replace("sub-03", "02")), {}, ValueError,
        f"{TABLE}, line 4: sub-02 is there twice",
    ),
    "ids that differ": (
        edit_table(lambda text: text.replace("sub-", "patient")), {}, ValueError,
        f"No participant of .*{TABLE} has a series.* sub-patient01 .* sub-01",
    ),
    "no such target": (
        lambda tree: None, {"target": "dx"}, ValueError,
        f"{TABLE} has no column 'dx' \\(target\\); it has participant_id, diagnosis, site, age",
    ),
    "no such site": (lambda tree: None, {"site": "centre"}, ValueError, r"'centre' \(site\)"),
    "no such group": (lambda tree: None, {"group": "family"}, ValueError, r"'family' \(group\)"),
    "no such confound": (
        lambda tree: None, {"confounds": ["age", "sex"]}, ValueError, r"'sex' \(confounds\)"
    ),
    "numbers and texts as target": (
        edit_table(lambda text: text.replace("22.5", "old")), {"target": "age"}, ValueError,
        f"{TABLE}, line 4: age 'old' is no finite number",
    ),
    "an infinite target": (
        edit_table(lambda text: text.replace("22.5", "inf")), {"target": "age"}, ValueError,
        f"{TABLE}, line 4: age inf is no finite number",
    ),
    "every target missing": (
        edit_table(lambda text: re.sub("control|patient(?=\t)", "n/a", text)), {}, ValueError,
        "no scan is left to load. Left out: 4 without diagnosis",
    ),
    "mixed atlases": (
        second(atlas="4S456Parcels"), {}, ValueError, "atlas: 4S156Parcels, 4S456Parcels"
    ),
    "another atlas": (
        lambda tree: None, {"atlas": "AAL"}, ValueError,
        "The series have no atlas 'AAL'. atlas: 4S156Parcels",
    ),
    "another session": (
        lambda tree: None, {"session": "3"}, ValueError,
        "The series have no session '3'. session: 1",
    ),
    "another run": (
        lambda tree: None, {"run": 2}, ValueError, "The series have no run '2'. run: none"
    ),
    "another desc": (lambda tree: None, {"desc": "x"}, ValueError, "desc 'x'. desc: none"),
    "mixed tasks": (copy(("task-rest", "task-movie")), {}, ValueError, "task: movie, rest"),
    "mixed spaces": (
        copy(("space-MNI152NLin2009cAsym", "space-T1w")), {}, ValueError,
        "space: MNI152NLin2009cAsym, T1w",
    ),
    "mixed descriptions": (
        copy(("_stat-mean", "_stat-mean_desc-scrubbed")), {}, ValueError, "desc: none, scrubbed"
    ),
    "mixed entities of a tool": (
        copy(("_stat-mean", "_stat-median")), {}, ValueError, "stat: mean, median"
    ),
    "a scan twice": (
        copy(("seg-", "atlas-")), {}, ValueError, "are of the same scan; name one"
    ),
    "text in series": (
        edit_cell(5, 2, "abc"), {}, ValueError,
        f"{SERIES}, line 5, column 'Parcel3': 'abc' is not a number",
    ),
    "a comma for the point": (
        edit_cell(7, 0, "0,5"), {}, ValueError, f"{SERIES}, line 7, column 'Parcel1': '0,5'"
    ),
    "digits of another script": (
        edit_cell(7, 0, "\N{ARABIC-INDIC DIGIT THREE}"), {}, ValueError,
        f"{SERIES}, line 7, column 'Parcel1': .* is not a number",
    ),
    "a quote that does not end": (
        edit_cell(7, 0, '"0.5'), {}, ValueError, f"{SERIES}, line 7: 1 value for 8 ROIs"
    ),
    "infinity": (
        edit_cell(3, 1, "inf"), {}, ValueError, f"{SERIES}: time point 1 of ROI 'Parcel2' is inf"
    ),
    "beyond single precision": (
        edit_cell(3, 1, "1e39"), {}, ValueError,
        f"{SERIES}: time point 1 of ROI 'Parcel2' is 1e\\+39, too large for single precision",
    ),
    "a row that is cut": (
        edit_series(lambda text: text[: text.rindex("\t")] + "\n"), {}, ValueError,
        f"{SERIES}, line 42: 7 values for 8 ROIs",
    ),
    "an empty row": (
        edit_series(lambda text: text.replace("\n", "\n\n", 3)), {}, ValueError,
        f"{SERIES}, line 2: 1 value for 8 ROIs",
    ),
    "an empty series": (
        edit_series(lambda text: ""), {}, ValueError, f"{SERIES} holds no time point"
    ),
    "names alone": (
        edit_series(lambda text: text.splitlines()[0]), {}, ValueError,
        f"{SERIES} holds no time point",
    ),
    "an image under the name of a table": (
        lambda tree: series_of(tree).write_bytes(b"\x1f\x8b\x08\x00\xff"), {}, ValueError,
        f"{SERIES}, line 1: the table is not in UTF-8",
    ),
    "a link to nothing": (
        link_to_nothing, {}, FileNotFoundError, "There is no file .*a link whose content"
    ),
    "a column of row names": (
        frame(lambda table: table.rename(columns={"Parcel1": ""})), {}, ValueError,
        f"{SERIES}: column 1 has no name",
    ),
    "an ROI twice": (
        edit_series(lambda text: text.replace("Parcel2", "Parcel1", 1)), {}, ValueError,
        f"{SERIES} has the column 'Parcel1' twice",
    ),
    "another order of ROIs": (
        frame(lambda table: table[ROIS[::-1]]), {}, ValueError,
        f"{SERIES} has the ROIs in another order, column 1 is 'Parcel8' and not 'Parcel1' as in",
    ),
    "other ROIs": (
        frame(lambda table: table.rename(columns={"Parcel3": "Thalamus"})), {}, ValueError,
        f"{SERIES} has other ROIs, column 3 is 'Thalamus' and not 'Parcel3'",
    ),
    "fewer ROIs": (
        frame(lambda table: table.iloc[:, 1:]), {}, ValueError,
        f"{SERIES} has 7 ROIs, where .*sub-01.* has 8",
    ),
    "one file without names": (
        edit_series(lambda text: text.partition("\n")[2]), {}, ValueError,
        f"{SERIES} has no names of ROIs, other than",
    ),
    "all parcels missing": (
        all_scans_miss_one, {"max_missing": 0.5}, ValueError, "Each ROI has missing points"
    ),
    "too many parcels missing everywhere": (
        all_scans_miss_one, {}, ValueError, "Left out: 4 with missing points in 2 of 8 ROIs"
    ),
    "no sidecar": (
        lambda tree: series_of(tree).with_suffix(".json").unlink(), {}, ValueError,
        f"{SERIES} has no repetition time.*task-rest_timeseries.json",
    ),
    "a sidecar without repetition time": (
        sidecar('{"TaskName": "rest"}'), {}, ValueError, f"{SERIES} has no repetition time"
    ),
    "negative repetition time": (
        sidecar('{"RepetitionTime": -2}'), {}, ValueError,
        f"{JSON}: RepetitionTime is -2, and no number above 0",
    ),
    "repetition time in words": (
        sidecar('{"RepetitionTime": "2 s"}'), {}, ValueError, f"{JSON}: RepetitionTime is '2 s'"
    ),
    "repetition time in milliseconds": (
        sidecar('{"RepetitionTime": 2000}'), {}, ValueError, f"{JSON}: .*2000: .*milliseconds"
    ),
    "sampling frequency zero": (
        sidecar('{"SamplingFrequency": 0}'), {}, ValueError, f"{JSON}: SamplingFrequency is 0"
    ),
    "two times in one sidecar": (
        sidecar('{"RepetitionTime": 2, "SamplingFrequency": 2}'), {}, ValueError,
        f"{JSON}: RepetitionTime is 2 s, but SamplingFrequency says 0.5 s",
    ),
    "a sidecar that is no JSON": (sidecar("{"), {}, ValueError, f"{JSON} is damaged"),
    "two sidecars": (two_sidecars, {}, ValueError, "has two repetition times.* 25 s.* 9 s"),
    "no head motion": (
        remove("sub-02*_motion.tsv"), {"confounds": "func_mean_fd"}, ValueError,
        f"{SERIES} has no head motion beside it",
    ),
    "head motion in words": (
        lambda tree: write_text(
            next(tree.rglob("sub-02*_motion.tsv")), "framewise_displacement\nlow\n"
        ),
        {}, ValueError, "sub-02_ses-1_task-rest_motion.tsv, line 2.*'low' is not a number",
    ),
    "a proportion above 1": (
        lambda tree: None, {"max_missing": 5.0}, ValueError, "max_missing == 5.0, must be <= 1"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_tree_ends_in_one_clear_line(tree, kind):
    damage, options, error, message = BAD[kind]
    damage(tree)
    if options.get("participants", "").startswith("."):
        options = options | {"participants": table_of(tree).with_suffix(options["participants"])}
    with pytest.raises(error, match=message) as caught:
        load_bids(tree, **{"target": "diagnosis", **options})
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_there_are_forty_kinds():
    assert len(BAD) >= 40
