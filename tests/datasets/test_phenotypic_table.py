"""PCP's phenotypic table, checked as it is read."""

import numpy as np
import pytest

from sklearn_lstmdg.datasets import load_abide

from _pcp import QC, home, table_path

pd = pytest.importorskip("pandas")


@pytest.mark.parametrize(
    "sites, found",
    [("um", {"UM_1", "UM_2"}), ("Um_2", {"UM_2"}), (["ucla", "nyu"], {"UCLA_1", "NYU"})],
)
def test_a_site_is_an_id_or_its_stem_in_any_case(folder, sites, found):
    assert set(load_abide(home(folder), sites=sites).sites) == found


def test_an_unknown_site_is_an_error_that_lists_the_known(folder):
    with pytest.raises(ValueError, match=r"Unknown site 'Mars'; known are CMU, NYU, UCLA_1"):
        load_abide(home(folder), sites=["NYU", "Mars"])


def test_quality_check_reads_all_raters(folder, table):
    path = table_path(folder)
    values = ["maybe", "fail", "maybe", "maybe", None]
    for row, (column, value) in enumerate(zip(QC, values, strict=True), start=3):
        table.loc[row, column] = value
    table.to_csv(path, index=False)
    abide = load_abide(home(folder), quality_checked=True)
    assert abide.groups.tolist() == [50001, 50002, 50006, 50009]


def write_cell(folder, table, row, column, value):
    if column in table:
        table[column] = table[column].astype(object)
    table.loc[row, column] = value
    table.to_csv(table_path(folder), index=False)


@pytest.mark.parametrize("value", ["", 0, 3, 1.5, -9999, "-9999.0", "autism", "inf"])
def test_a_diagnosis_is_autism_or_control_or_refused(folder, table, value):
    write_cell(folder, table, 1, "DX_GROUP", value)
    with pytest.raises(
        ValueError, match=r"line 3, subject 50002: DX_GROUP .* is (neither 1|not a number)"
    ):
        load_abide(home(folder))


def test_diagnoses_of_scans_that_are_not_loaded_do_not_matter(folder, table):
    write_cell(folder, table, 1, "DX_GROUP", "")
    abide = load_abide(home(folder), sites=["UM", "CMU"])
    assert abide.target.tolist() == [0, 1, 1, 0, 0]


def test_minus_9999_is_missing_in_every_column(folder, table):
    table["AGE_AT_SCAN"] = [-9999, 9.5, *[10] * 7]
    table["FIQ_TEST_TYPE"] = ["-9999", "-9999.0", *["WASI"] * 7]
    table["BMI"] = [-9999] + [20] * 8
    table.to_csv(table_path(folder), index=False)
    rows = load_abide(home(folder), sites="NYU").phenotypic
    assert rows["AGE_AT_SCAN"].isna().tolist() == [True, False]
    assert rows["FIQ_TEST_TYPE"].isna().tolist() == [True, True]
    assert rows["BMI"].isna().tolist() == [True, False]
    assert rows["SUB_ID"].dtype == np.int64


@pytest.mark.parametrize("column", ["DX_GROUP", "AGE_AT_SCAN", "SEX", "func_mean_fd"])
def test_text_in_a_column_of_numbers_is_refused(folder, table, column):
    table[column] = 1
    write_cell(folder, table, 3, column, "about 2")
    with pytest.raises(
        ValueError, match=rf"line 5, subject 50004: {column} 'about 2' is not a number"
    ):
        load_abide(home(folder), sites="NYU")


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("SITE_ID", "", "is missing"),
        ("FILE_ID", -9999, "is missing"),
        ("SUB_ID", "", "is missing"),
        ("SUB_ID", 50001.5, "is not a whole number"),
    ],
)
def test_keys_of_a_row_are_there(folder, table, column, value, rule):
    write_cell(folder, table, 0, column, value)
    with pytest.raises(ValueError, match=rf"line 2, subject .*: {column} .* {rule}"):
        load_abide(home(folder))


@pytest.mark.parametrize("column", ["SUB_ID", "SITE_ID", "FILE_ID", "DX_GROUP", "qc_rater_1"])
def test_a_column_that_is_needed_and_not_there_is_named(folder, table, column):
    table.drop(columns=column).to_csv(table_path(folder), index=False)
    with pytest.raises(
        ValueError, match=rf"preprocessed1.csv has no column {column}; one is needed"
    ):
        load_abide(home(folder), quality_checked=True)


def test_quality_columns_are_needed_only_for_the_quality_check(folder, table):
    table.drop(columns=QC).to_csv(table_path(folder), index=False)
    assert len(load_abide(home(folder)).data) == 8


def test_ragged_rows_name_file_row_and_column(folder):
    path = table_path(folder)
    lines = path.read_text().splitlines()
    short = [*lines[:2], ",".join(lines[2].split(",")[:3]), *lines[3:]]
    path.write_text("\n".join(short) + "\n")
    with pytest.raises(ValueError, match=r"csv, line 3: 3 values for 9 columns; .* FILE_ID"):
        load_abide(home(folder))
    path.write_text("\n".join([*lines[:1], lines[1] + ",1", *lines[2:]]) + "\n")
    with pytest.raises(ValueError, match=r"csv, line 2: 10 values for 9 columns"):
        load_abide(home(folder))
    path.write_text("")
    with pytest.raises(ValueError, match="has no column SUB_ID"):
        load_abide(home(folder))


def test_a_table_in_another_encoding_is_named_with_the_line(folder):
    path = table_path(folder)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"CMU_a", b"CM\xfc_a"))
    with pytest.raises(ValueError, match=r"csv, line 7: the table is not in UTF-8"):
        load_abide(home(folder))
    path.write_bytes(b"\xef\xbb\xbf" + content)
    assert len(load_abide(home(folder)).data) == 8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"SUB_ID,SITE_ID,FILE_ID\n1,NYU,a\n", "has no column DX_GROUP"),
        ("SUB_ID,SITE_ID,FILE_ID,DX_GROUP\n1,Zürich,a,1\n".encode("latin-1"), "in UTF-8"),
        (b"SUB_ID,SITE_ID,FILE_ID,DX_GROUP\n1,NYU,a,1\n2,NYU,b,1,5,6\n", "line 3"),
        (b"", "no column SUB_ID"),
    ],
)
def test_a_table_that_is_none_is_named(folder, content, message):
    path = folder.parents[1] / "Phenotypic_V1_0b_preprocessed1.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"(?s){path.name}.*{message}"):
        load_abide(home(folder))
