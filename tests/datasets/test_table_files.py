"""Tables of participants as they are read."""

import numpy as np
import pytest

from sklearn_lstmdg.datasets import load_bids, load_scans
from sklearn_lstmdg.evaluation._shared_cohort import check_cohort

from _derivatives import first_file
from _series_formats import write

pd = pytest.importorskip("pandas")


def test_numbers_stay_numbers(whole):
    cohort = load_bids(whole, target="age")
    assert cohort.target.tolist() == [20.5, 21.5, 22.5, 23.5, 24.5, 25.5]
    assert cohort.target_names is None
    table = pd.DataFrame({"participant_id": ["01", "02"], "dx": [1, 2], "is_case": [True, False]})
    with pytest.warns(UserWarning, match="4 not among the participants"):
        cohort = load_bids(whole, table, target="dx")
    assert cohort.target.tolist() == [1, 2] and cohort.target_names == ["1", "2"]
    with pytest.warns(UserWarning, match="4 not among the participants"):
        assert load_bids(whole, table, target="is_case").target.tolist() == ["True", "False"]


def test_line_ends_of_other_systems(whole):
    table = whole.parents[1] / "participants.tsv"
    for path, end in ((table, b"\r\n"), (first_file(whole), b"\r")):
        path.write_bytes(path.read_bytes().replace(b"\n", end))
    cohort = load_bids(whole, target="diagnosis")
    assert [len(scan) for scan in cohort.data] == [40, 41, 42, 43, 40, 41]
    assert cohort.target_names == ["control", "patient"]


def test_the_code_of_what_is_missing_is_no_value(listed, tmp_path):
    listed["label"] = [1, -9999, 2, 2]
    listed["age"] = [20, 21.5, -9999, 30]
    for table in (
        write(listed, tmp_path),
        listed.assign(scan=str(tmp_path) + "/" + listed["scan"]),
    ):
        with pytest.warns(UserWarning, match="Left out: 1 without label"):
            cohort = load_scans(table, target="label", confounds="age")
        assert cohort.target.tolist() == [1, 2, 2]
        np.testing.assert_array_equal(cohort.confounds["age"], [20, np.nan, 30])


def listing(folder, rows, header="participant_id,scan,site,group", name="table.csv", code="utf-8"):
    """Write a table of four scans, of which each row has the first cells, and return its path."""
    from _series_formats import draw

    for i in range(len(rows)):
        np.save(folder / f"s{i}.npy", draw(i))
    lines = [row.replace("SCAN", f"s{i}.npy") for i, row in enumerate(rows)]
    path = folder / name
    path.write_bytes("\n".join([header, *lines, ""]).encode(code))
    return path


CODES = ["001,SCAN,01,01", "002,SCAN,02,02", "003,SCAN,1,01", "004,SCAN,01,02"]


def test_codes_with_leading_zeros_stay_as_written(tmp_path):
    cohort = load_scans(listing(tmp_path, CODES), target="group", site="site")
    assert cohort.target.tolist() == ["01", "02", "01", "02"]
    assert cohort.target_names == ["01", "02"]
    assert cohort.sites.tolist() == ["01", "02", "1", "01"]
    assert cohort.groups.tolist() == ["001", "002", "003", "004"]
    assert cohort.phenotypic["site"].tolist() == ["01", "02", "1", "01"]


def test_codes_of_a_frame_are_classes_too(tmp_path):
    path = listing(tmp_path, CODES)
    frame = pd.read_csv(path, dtype=str).assign(
        scan=[str(tmp_path / f"s{i}.npy") for i in range(4)]
    )
    for group in (frame["group"], frame["group"].astype("category")):
        cohort = load_scans(frame.assign(group=group), target="group", site="site")
        assert cohort.target.tolist() == ["01", "02", "01", "02"]
        assert cohort.sites.tolist() == ["01", "02", "1", "01"]


def test_numbers_that_begin_with_a_zero_are_numbers(tmp_path):
    for cells in (["0", "0.5", "-0.3", "1e1"], ["08.5", "009.25", "10.0", "11.5"]):
        rows = [f"{name},SCAN,A,{cell}" for name, cell in zip("abcd", cells, strict=True)]
        cohort = load_scans(listing(tmp_path, rows), target="group")
        assert cohort.target.tolist() == list(map(float, cells))


@pytest.mark.parametrize(
    ("sites", "read"),
    [
        (["1e3", "1000", "1e3", "2"], ["1e3", "1000", "1e3", "2"]),
        (["1.10", "1.1", "1.10", "2"], ["1.10", "1.1", "1.10", "2"]),
        (["9007199254740993", "9007199254740992", "1", "1"], None),
        (["TRUE", "FALSE", "TRUE", "TRUE"], None),
        (["3,5", "3,5", "4,5", "4,5"], None),
        (["1", "2.0", "1", "10"], ["1", "2", "1", "10"]),
    ],
)
def test_names_of_sites_and_groups_that_no_number_keeps_are_texts(tmp_path, sites, read):
    rows = [f'{name},SCAN,"{site}",{name}' for name, site in zip("abcd", sites, strict=True)]
    cohort = load_scans(listing(tmp_path, rows), target="group", site="site", group="site")
    assert cohort.sites.tolist() == (read or sites)
    assert len(set(cohort.groups.tolist())) == len(set(sites))


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["TRUE", "FALSE", "TRUE", "n/a"], ["TRUE", "FALSE", "TRUE"]),
        (["True", "False", "True", ""], ["True", "False", "True"]),
        (["yes", "no", "yes", "NaN"], ["yes", "no", "yes"]),
        (["ill ", " well", "ill", "NA"], ["ill", "well", "ill"]),
        (["ill\u00a0", "well", "ill", "-9999"], ["ill", "well", "ill"]),
        (["1", "2", " 1", "-9999.0"], [1, 2, 1]),
    ],
)
def test_words_are_classes_as_written(tmp_path, cells, read):
    rows = [f"{name},SCAN,A,{cell}" for name, cell in zip("abcd", cells, strict=True)]
    with pytest.warns(UserWarning, match="Left out: 1 without group"):
        assert load_scans(listing(tmp_path, rows), target="group").target.tolist() == read


def test_truths_of_a_frame_with_a_missing_one_are_no_numbers(listed, tmp_path):
    listed = listed.assign(scan=str(tmp_path) + "/" + listed["scan"])
    for told in ([True, False, True, None], pd.array([True, False, True, None], "boolean")):
        with pytest.warns(UserWarning, match="Left out: 1 without label"):
            cohort = load_scans(listed.assign(label=told), target="label")
        assert cohort.target.tolist() == ["True", "False", "True"]


def test_what_spreadsheets_add_is_no_row_and_no_column(tmp_path):
    rows = [*(f"{row},," for row in CODES[:2]), "", ",,,,,", *(f"{row},," for row in CODES[2:])]
    rows = [row.replace("SCAN", f"s{i}.npy") for i, row in enumerate(rows)]
    for code in ("utf-8", "utf-8-sig"):
        path = listing(tmp_path, rows, "participant_id , scan,site,group,,", code=code)
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        cohort = load_scans(path, target="group")
        assert cohort.groups.tolist() == ["001", "002", "003", "004"]
        assert list(cohort.phenotypic) == ["participant_id", "scan", "site", "group"]
    path.write_bytes(path.read_bytes().replace(b"s5.npy", b"s9.npy"))
    with pytest.raises(FileNotFoundError, match=r"table.csv, line 7: there is no file .*s9.npy"):
        load_scans(path, target="group")


@pytest.mark.parametrize(
    ("said", "separator"), [("sep=;", ";"), ('"sep=,"', ","), ("sep=\t", "\t")]
)
def test_excel_says_what_separates_columns(tmp_path, said, separator):
    path = listing(tmp_path, CODES)
    path.write_text(f"{said}\n{path.read_text().replace(',', separator)}")
    assert load_scans(path, target="group", site="site").sites.tolist() == ["01", "02", "1", "01"]
    path.write_text(path.read_text().replace("s1", "s7"))
    with pytest.raises(FileNotFoundError, match=r"line 4: there is no file .*s7"):
        load_scans(path, target="group")


AGES = ["a,SCAN,A,20", "b,SCAN,A,21", "c,SCAN,A,22", "d,SCAN,A,23"]
WRONG = {
    "decimal commas": (
        lambda text: text.replace("A,21", 'A,"21,5"'), "line 3: group '21,5' has a comma"
    ),
    "decimal commas alone": (
        lambda text: text.replace("A,2", 'A,"2,').replace("\n", '"\n').replace('group"', "group"),
        "line 2: group '2,0' has a comma; numbers have a point",
    ),
    "separated thousands": (
        lambda text: text.replace("A,21", 'A,"1,250"'), "line 3: group '1,250' has a comma"
    ),
    "tabs in a .csv": (
        lambda text: text.replace(",", "\t"), "columns separated by tabs. A .csv has commas"
    ),
    "semicolons": (lambda text: text.replace(",", ";"), "columns separated by semicolons"),
    "semicolons and decimal commas": (
        lambda text: text.replace(",", ";").replace("22", "22,5"),
        "line 4: 2 values for 1 column;.*separated by semicolons",
    ),
    "a participant named NA": (
        lambda text: text.replace("b,", "NA,"), "line 3: participant_id is missing: empty, n/a, NA"
    ),
    "names in capitals": (
        lambda text: text.replace("group", "Group"), "no column 'group' .*participant_id, .*Group"
    ),
    "a column twice but for a blank": (
        lambda text: text.replace("site", "group "), "has the column 'group' twice"
    ),
    "two columns with values and no names": (
        lambda text: text.replace(",scan,site", ",,"), "has the column '' twice"
    ),
    "a word among numbers": (
        lambda text: text.replace("22", "unknown"), "line 4: group 'unknown' is no finite number"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_no_table_says_ends_in_one_clear_line(tmp_path, kind):
    change, message = WRONG[kind]
    path = listing(tmp_path, AGES)
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=message) as caught:
        load_scans(path, target="group", scans=tmp_path if kind.startswith("a part") else "scan")
    assert "\n" not in str(caught.value) and "table.csv" in str(caught.value)


def test_commas_of_confounds_are_refused_too(tmp_path, whole):
    path = listing(tmp_path, [row.replace(",A", f',"1{i},5"') for i, row in enumerate(AGES)])
    with pytest.raises(ValueError, match=r"table.csv, line 2: site '10,5' has a comma"):
        load_scans(path, target="group", confounds="site")
    assert load_scans(path, target="group", site="site").sites[0] == "10,5"
    table = whole.parents[1] / "participants.tsv"
    table.write_text(table.read_text().replace(".5", ",5"))
    for options in ({"target": "age"}, {"target": "diagnosis", "confounds": ["age"]}):
        with pytest.raises(ValueError, match=r"participants.tsv, line 2: age '20,5' has a comma"):
            load_bids(whole, **options)


def test_a_word_among_the_numbers_of_a_confound_is_named_with_its_line(tmp_path, whole):
    path = listing(tmp_path, [row.replace(",A", f",{i or '90+'}") for i, row in enumerate(AGES)])
    with pytest.raises(ValueError, match=r"table.csv, line 2: site '90\+' is no number"):
        load_scans(path, target="group", confounds=["site"])
    table = whole.parents[1] / "participants.tsv"
    table.write_text(table.read_text().replace("22.5", "?"))
    with pytest.raises(ValueError, match=r"participants.tsv, line 4: age '\?' is no number, as th"):
        load_bids(whole, target="diagnosis", confounds="age")


def test_codes_and_words_are_categories_of_a_confound(tmp_path):
    sites = ["01", "02", "HC", "1"]
    rows = [row.replace(",A", f",{site}") for row, site in zip(AGES, sites, strict=True)]
    cohort = load_scans(listing(tmp_path, rows), target="group", confounds="site")
    cohort = check_cohort(cohort.data, cohort.target, None, None, cohort.confounds, None)
    assert (
        np.stack(cohort.confounds.series).reshape(4, 4).tolist() == np.eye(4)[[0, 1, 3, 2]].tolist()
    )


def test_a_quote_that_does_not_end_swallows_no_row(whole):
    table = whole.parents[1] / "participants.tsv"
    lines = [f"{line}\tn/a" for line in table.read_text().splitlines()]
    lines[0], lines[2], lines[3] = (
        lines[0][:-3] + "note",
        lines[2][:-3] + '"left',
        lines[3][:-3] + 'ok"',
    )
    table.write_text("\n".join([*lines, ""]))
    message = "participants.tsv, line 3: a cell begins with a quote that does not end"
    with pytest.raises(ValueError, match=message):
        load_bids(whole, target="diagnosis")


@pytest.mark.parametrize(
    ("name", "separator", "first"),
    [("t.csv", ",", ""), ("t.tsv", "\t", ""), ("t.csv", ";", "sep=;\n")],
)
def test_the_last_quote_of_a_table_ends_too(tmp_path, name, separator, first):
    rows = [row.replace(",A", f',"A{i}\n{i}"') for i, row in enumerate(AGES[:3])] + AGES[3:]
    rows[2] = rows[2].replace("22", '"22')
    text = first + listing(tmp_path, rows, name=name).read_text().replace(",", separator)
    (tmp_path / name).write_text(text)
    line = 7 + bool(first)
    with pytest.raises(ValueError, match=rf"{name}, line {line}: a cell begins with a quote that"):
        load_scans(tmp_path / name, target="group")
    (tmp_path / name).write_text(text.replace('"22', "22"))
    cohort = load_scans(tmp_path / name, target="group", site="site")
    assert cohort.target.tolist() == [20, 21, 22, 23]
    assert cohort.sites.tolist() == [*(f"A{i}\n{i}" for i in range(3)), "A"]


def test_lines_may_be_empty_above_the_names_of_columns(tmp_path):
    path = listing(tmp_path, AGES)
    path.write_text(f"\n,,,\n{path.read_text()}")
    assert load_scans(path, target="group").target.tolist() == [20, 21, 22, 23]
    path.write_text(path.read_text().replace("22", "unknown"))
    with pytest.raises(ValueError, match="line 6: group 'unknown' is no finite number"):
        load_scans(path, target="group")


def test_numbers_of_a_confound_that_are_written_as_codes_are_told_of(tmp_path, whole):
    rows = [row.replace(",A", f",{i:02d}") for i, row in enumerate(AGES, start=8)]
    path = listing(tmp_path, rows)
    message = r"table.csv: the confound site counts as names .* since 08 begins with a zero"
    with pytest.warns(UserWarning, match=message):
        cohort = load_scans(path, target="group", confounds="site")
    assert cohort.confounds["site"].tolist() == ["08", "09", "10", "11"]
    table = whole.parents[1] / "participants.tsv"
    table.write_text(table.read_text().replace("20.5", "08"))
    with pytest.warns(UserWarning, match=r"participants.tsv: the confound age counts as names"):
        load_bids(whole, target="diagnosis", confounds="age")


def test_a_quote_that_takes_all_of_a_large_table_is_thought_of(tmp_path):
    path = listing(tmp_path, AGES)
    path.write_text(path.read_text().replace("22", '"22') + "e,x.npy,A,24\n" * 20_000)
    with pytest.raises(ValueError, match=r"line \d+: field larger .*\(does a quote above not end"):
        load_scans(path, target="group")
