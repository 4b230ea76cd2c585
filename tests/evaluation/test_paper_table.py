"""The published numbers as data, and tables with ours beside them."""

from io import StringIO

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor

from sklearn_lstmdg.evaluation import compare_models
from sklearn_lstmdg.evaluation._metrics import summarize
from sklearn_lstmdg.evaluation._paper_table import paper_table
from sklearn_lstmdg.evaluation._target_kinds import TwoClasses

from _tables import make_tables

pandas = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def tables():
    """Folds and predictions of five models at two of the paper's sites and at another."""
    skills = {"x_y": 0.5, "lstm-dg": 1.0, "fc-svm": 0.3}
    skills |= {"lstm-dg-paper": 0.8, "lstm-dg-classify": 0.9}
    return make_tables(0, skills, ["Other_1", "ucla", "NYU"])


def test_csv_has_our_numbers_and_the_published_ones(tables):
    text = paper_table(*tables, form="csv")
    table = pandas.read_csv(StringIO(text)).set_index(["source", "site", "model"])
    summary = summarize(*tables, TwoClasses(1)).set_index(["site", "model"])
    ours = table.loc["ours"]
    assert len(ours) == len(summary) == 15
    for key, row in summary.iterrows():
        told = ours.loc[key]
        assert told["tpr_sd"] == pytest.approx(100 * row["tpr_sd"], abs=0.051)
        assert told["auc"] == pytest.approx(row["auc_pooled"], abs=0.00051)
        assert told["n_subjects"] == 40 and told["percent_positive"] == 50
    paper = table.loc["paper"]
    assert set(paper.index.unique("site")) == {"NYU", "ucla"}
    assert paper.loc["ucla", "DTL [13]"][["acc", "auc"]].tolist() == [62.3, 0.6]
    assert paper.loc["NYU", "HMM [11]"]["wrong_values"] == "acc"
    counts = paper["n_subjects"].groupby("site").unique().map(list).to_dict()
    assert counts == {"NYU": [184], "ucla": [99]}


def rows_of(text, table):
    """Return the cells of a Markdown table, by model and source."""
    lines = text.split(f"**Table {table}")[1].split("**Table")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return {tuple(row[:2]): row[2:] for row in cells[2:]}


def test_markdown_tables_are_the_papers(tables):
    text = paper_table(*tables)
    assert [line[:9] for line in text.splitlines() if "**" in line] == [
        f"**Table {i}" for i in "123"
    ]
    first = rows_of(text, 1)
    assert list(first) == [
        ("LSTM-S [7]", "paper"),
        ("fc-svm", "ours"),
        ("FC-SVM [1]", "paper"),
        ("HMM [11]", "paper"),
        ("LSTM-D", "paper"),
        ("LSTM-H", "paper"),
        ("lstm-dg", "ours"),
        ("lstm-dg-paper", "ours"),
        ("lstm-dg-classify", "ours"),
        ("LSTM-DG", "paper"),
        ("x_y", "ours"),
    ]
    assert first["LSTM-DG", "paper"] == ["72.2 (14.7)", "57.4 (25.5)", "84.1 (12.2)", "0.772"]
    row = summarize(*tables, TwoClasses(1)).set_index(["site", "model"]).loc["NYU", "lstm-dg"]
    rates = [f"{100 * row[m]:.1f} ({100 * row[f'{m}_sd']:.1f})" for m in ("acc", "tpr", "tnr")]
    assert first["lstm-dg", "ours"] == [*rates, f"{row['auc_pooled']:.3f}"]
    assert list(rows_of(text, 3)) == [
        (m, "ours") for m in ("fc-svm", "lstm-dg", "lstm-dg-paper", "lstm-dg-classify", "x_y")
    ]


def test_markdown_marks_and_explains_errata(tables):
    text = paper_table(*tables)
    assert "- NYU: 40 subjects, 50.0 % positive; paper: 184, 42.3 %<sup>a</sup>" in text
    assert "<sup>a</sup> NY: 42.3 % is no share of 184 subjects" in text
    assert rows_of(text, 1)["HMM [11]", "paper"][0] == "70.6 (6.6)<sup>b</sup>"
    assert "<sup>b</sup> HMM at NY: ACC lies outside TPR and TNR" in text
    second = rows_of(text, 2)
    assert [c[-12:] for c in second["LSTM-DG", "paper"][:3]] == ["<sup>c</sup>"] * 3
    assert second["LSTM-DG", "paper"][3] == "0.715"
    assert "<sup>c</sup> LSTM-DG at UC: all three Std equal those at UM" in text
    assert not any(
        "<sup>" in c for (_, source), row in second.items() if source == "ours" for c in row
    )


def test_two_sites_share_a_table_and_a_missing_result_is_a_dash():
    folds, predictions = make_tables(0, {"lstm-s": 1.0, "mine": 0.5}, ["NY", "UM"], n_repeats=2)
    gone = [(t["model"] == "mine") & (t["site"] == "UM") for t in (folds, predictions)]
    text = paper_table(folds[~gone[0]], predictions[~gone[1]], counterparts={"mine": "DTL"})
    rows = rows_of(text, 1)
    assert rows["mine", "ours"][4:] == ["-"] * 4 != rows["mine", "ours"][:4]
    assert rows["DTL [13]", "paper"] == ["-"] * 4 + ["67.2<sup>c</sup>", "68.9", "67.6", "0.670"]
    assert list(rows).index(("mine", "ours")) == list(rows).index(("DTL [13]", "paper")) - 1
    assert "over 5 folds of each of 2 repeats" in text


def test_folds_of_one_class_are_told():
    folds, predictions = make_tables(0, {"a": 1.0}, ["all"])
    folds.loc[:1, ["auc", "tpr"]] = np.nan
    text = paper_table(folds, predictions)
    assert "- all: 40 subjects, 50.0 % positive, 2 test folds of one class" in text


def test_latex_is_balanced_and_escaped(tables):
    text = paper_table(*tables, form="latex")
    for name, count in (("table", 3), ("tabular", 3)):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == count
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.count("&") for line in body if "multicolumn" not in line} == {5}
    assert text.replace(r"\_", "").count("_") == 0
    assert text.replace(r"\%", "").count("%") == 0
    assert text.count("{") == text.count("}")
    assert r"70.6 (6.6)$^{b}$ & 61.6 & 66.7 & 0.712 \\" in text
    assert r"Other\_1 (40 subjects, 50.0 \% positive)" in text


def test_names_cannot_break_the_table():
    name = r"a^b{c}~\d|*<`"
    tables = make_tables(0, {name: 0.5}, ["NYU"])
    latex, markdown = (paper_table(*tables, form=form) for form in ("latex", "markdown"))
    assert (
        r"a\textasciicircum{}b\{c\}\textasciitilde{}\textbackslash{}d\textbar{}*\textless{}` & ours"
        in latex
    )
    assert r"| a^b{c}~\\d\|\*\<\` | ours |" in markdown
    tables = make_tables(0, {"![a](http://b)&lt;": 0.5}, ["NYU"])
    assert r"| ![a\](http://b)\&lt; | ours |" in paper_table(*tables)
    tables = make_tables(0, {"[1em]": 0.5, " *": 0.6, "a[1]*": 0.7}, ["NYU"])
    latex = paper_table(*tables, form="latex")
    # After the end of a row LaTeX would take them for a distance and a ban of page breaks.
    assert "\n{}[1em] & ours" in latex and "\n{} * & ours" in latex and "\na[1]* & ours" in latex
    tables = make_tables(0, {"a\x1b[2J\nb": 0.5}, ["NYU"])
    latex, markdown = (paper_table(*tables, form=form) for form in ("latex", "markdown"))
    assert r"a\textbackslash{}x1b[2J b & ours" in latex
    assert r"| a\\x1b[2J b | ours |" in markdown


@pytest.mark.parametrize(
    ("target", "told"),
    [(np.arange(24) % 3, "has 3 classes"), (np.arange(24) / 7, "is continuous")],
)
def test_other_targets_than_the_paper_s_are_told(target, told):
    X = np.zeros((24, 2))
    dummy = DummyClassifier() if "classes" in told else DummyRegressor()
    compared = compare_models({"dummy": dummy}, X, target, n_folds=3, random_state=0)
    with pytest.raises(ValueError, match=rf"of two classes, and the target {told}.*summary"):
        paper_table(compared.folds, compared.predictions)


def test_csv_names_are_no_formulas():
    text = paper_table(*make_tables(0, {"=1+1": 0.5}, ["@NYU"]), form="csv")
    assert "3,'@NYU,,'=1+1,ours" in text


def test_unknown_forms_and_missing_columns_are_refused(tables):
    with pytest.raises(ValueError, match="form='html' must be"):
        paper_table(*tables, form="html")
    with pytest.raises(ValueError, match="folds lacks the columns tnr"):
        paper_table(tables[0].drop(columns="tnr"), tables[1])
