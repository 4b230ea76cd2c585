"""The numbers of the README and of the study's page are those of ``benchmarks/results``."""

import re
from pathlib import Path

import pytest

pandas = pytest.importorskip("pandas")
ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
if not RESULTS.is_dir():
    pytest.skip("no results beside the tests: they are not installed", allow_module_level=True)
MODELS = {
    "LSTM-DG, eight nets": "lstm-dg-communities",
    "LSTM-DG, three nets": "lstm-dg-classify",
    "LSTM-H, three nets": "lstm-h-classify",
    "LSTM-D, three nets": "lstm-d-classify",
    "LSTM-S, three nets": "lstm-s-classify",
    "LSTM-DG, one net (default)": "lstm-dg",
    "LSTM-DG, one net": "lstm-dg",
    "mean MLP": "mean-mlp",
    "FC-SVM, whole scans": "fc-svm-scan",
    "FC-SVM, windows": "fc-svm",
    "Pearson, logistic": "fc-logistic",
    "Pearson, ridge": "fc-ridge",
    "tangent, logistic": "tangent-logistic",
    "DTL": "dtl",
    "HMM": "hmm",
    "motion, age, sex and site": "confounds",
    "motion, age and sex": "confounds",
}
COMMUNITIES = {
    "LSTM-DG, 20 common to eight nets": "net: 20 common to 8",
    "LSTM-H, 20 common to eight nets": "net, h: 20 common to 8",
    "LSTM-DG, 50 of one net": "net",
    "PARAFAC, 50 components": "parafac",
    "PARAFAC, 20 components": "parafac, K 20",
    "NMF of the mean connectivity, 20 components": "nmf, K 20",
}


def table_with(page, name):
    """Return the cells of the page's table that has a column of this name, by their row."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for border, head, body in re.findall(r"^(==[= ]+)\n(.+)\n=.+\n((?:[^=\n].*\n)+)=", text, re.M):
        spans = [match.span() for match in re.finditer("=+", border)]
        spans[-1] = (spans[-1][0], None)
        rows = [[line[start:end].strip() for start, end in spans] for line in body.splitlines()]
        columns = [head[start:end].strip() for start, end in spans]
        if name in columns:
            return pandas.DataFrame(rows, columns=columns).set_index(columns[0])
    raise LookupError(name)


def result(path, **values):
    """Return a table's rows that have these values, by model."""
    frame = pandas.read_csv(RESULTS / path)
    for column, value in values.items():
        frame = frame[frame[column] == value]
    return frame.set_index("model")


def numbers(cell):
    return [float(number) for number in re.findall(r"-?\d*\.?\d+", cell)]


def assert_close(cells, expected, tolerance=0.00061):
    """Hold every cell that has numbers to a row of expected ones."""
    told = {name: numbers(cell) for name, cell in cells.items() if cell}
    assert told.keys() <= expected.keys()
    wrong = {
        name: (found, expected[name])
        for name, found in told.items()
        if len(found) != len(expected[name])
        or max(abs(a - b) for a, b in zip(found, expected[name], strict=True)) > tolerance
    }
    assert wrong == {}


def by_name(frame, columns, factor=1):
    return {
        name: [factor * frame.at[model, column] for column in columns]
        for name, model in MODELS.items()
        if model in frame.index
    }


@pytest.mark.parametrize("page", ["README.rst", "docs/study.rst"])
def test_the_table_over_all_sites(page):
    table = table_with(page, "AUC, all subjects")
    intervals = result("pooled3/intervals.csv", site="pooled")
    summary = result("pooled3/summary.csv", site="pooled")
    tests = result("pooled3/tests.csv", metric="auc")
    assert len(table) >= 13
    assert_close(table["AUC, all subjects"], by_name(intervals, ["pooled", "low", "high"]))
    assert_close(table["within sites"], by_name(summary, ["auc_within_sites"]))
    assert_close(table["ACC %"], by_name(summary, ["acc"], 100), 0.061)
    ends = ["difference_pooled", "difference_pooled_high", "difference_pooled_low"]
    assert_close(table["AUC less LSTM-DG's"], by_name(tests, ends, -1))
    if page == "docs/study.rst":
        assert_close(table["s, fold"], by_name(summary, ["seconds"]), 0.51)
        p = {name: [max(p, 0.01)] for name, (p,) in by_name(tests, ["p_permutation_holm"]).items()}
        assert_close(table["p, Holm"], p, 0.0051)


@pytest.mark.parametrize(
    ("column", "path", "run"),
    [
        ("NYU, 172 subjects", "sites", "nyu"),
        ("UM_1, 91", "sites", "um"),
        ("five sites, 237", "sites", "larger"),
        ("sites left out, 599", "loso", "loso"),
    ],
)
def test_the_table_of_sites(column, path, run):
    areas = result(f"{path}/over_sites.csv", metric="auc", run=run)
    cells = table_with("docs/study.rst", column)[column]
    assert (cells != "").sum() >= 5
    assert_close(cells, by_name(areas, ["pooled", "low", "high"]))


def test_the_table_of_communities():
    told = (RESULTS / "network_communities.md").read_text(encoding="utf-8").split("UM_1")[0]
    rows = [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| ")]
    expected = {name: [float(cell.split()[0]) for cell in row[1:]] for name, *row in rows[2:]}
    table = table_with("docs/study.rst", "redundancy").drop("by chance, 20 communities")
    for place, column in enumerate(table.columns):
        wanted = {name: [expected[method][place]] for name, method in COMMUNITIES.items()}
        assert_close(table[column], wanted)
