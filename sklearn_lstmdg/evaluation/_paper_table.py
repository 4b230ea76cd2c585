"""The paper's Tables 1 and 2, our numbers beside the published ones."""

from collections.abc import Callable
from string import ascii_lowercase
from typing import TYPE_CHECKING

from .._extras import require
from .._text import one_line, to_csv
from ._metrics import METRICS, check_frame, summarize
from ._published import published_results
from ._target_kinds import TwoClasses, check_predictions

if TYPE_CHECKING:
    from pandas import DataFrame

_RATES = ("acc", "tpr", "tnr")
_HEADER = ("ACC (%)", "TPR (%)", "TNR (%)", "AUC")
_ORDER = ("LSTM-S", "FC-SVM", "HMM", "DTL", "LSTM-D", "LSTM-H", "LSTM-DG")
_COUNTERPARTS = {f"lstm-dg-{purpose}": "LSTM-DG" for purpose in ("paper", "communities")}
_COUNTERPARTS |= {f"lstm-{v}-classify": f"LSTM-{v.upper()}" for v in ("dg", "h", "d", "s")}
_VALUES = [f"{rate}{end}" for rate in _RATES for end in ("", "_sd")]
_DECIMALS = {**dict.fromkeys([*_VALUES, "percent_positive"], 1), "auc": 3}
_COLUMNS = ["table", "site", "paper_site", "model", "source", "n_subjects", "percent_positive"]
_COLUMNS += [*_VALUES, "auc", "n_one_class", "wrong_values", "wrong_because", "site_erratum"]
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_SPECIAL |= {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
_LATEX = str.maketrans({c: f"\\{c}" for c in "_%&#${}"} | _SPECIAL)
_MARKDOWN = str.maketrans({c: f"\\{c}" for c in "\\|*`<&"})


def paper_table(
    folds: "DataFrame",
    predictions: "DataFrame",
    form: str = "markdown",
    pos_label: object = None,
    counterparts: dict[str, str] | None = None,
) -> str:
    r"""Set results in the form of the paper's Tables 1 and 2, the published ones beside.

    Parameters
    ----------
    folds, predictions : DataFrame
        Of a :class:`Comparison`, or read from ``folds.csv`` and ``predictions.csv``.
    form : {"markdown", "csv", "latex"}, default="markdown"
        "markdown" and "latex": a table of two sites each, like the paper's, with notes on what is
        wrong in the published numbers. "csv": one row per site, model and source, plain numbers.
    pos_label : object, default=None
        The positive label; by default the greater one.
    counterparts : dict of str to str, default=None
        Published model of each of ours, besides those of the same name in any case.

    Returns
    -------
    str
        Mean (standard deviation) over folds in per cent, AUC over the test subjects of all folds,
        number of subjects and share of the positive. Sites are matched by ABIDE's or the paper's
        names; published models that were not run are shown, sites that were not run are not.

    Raises
    ------
    ValueError
        If the form is unknown, a column is missing, or the target has not two classes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn_lstmdg.evaluation import compare_models, paper_table
    >>> X, y = np.zeros((12, 2)), np.tile([0, 1], 6)
    >>> c = compare_models({"fc-svm": DummyClassifier()}, X, y, sites=["UM"] * 12, n_folds=3)
    >>> print("\n".join(paper_table(c.folds, c.predictions).splitlines()[7:9]))
    | fc-svm | ours | 50.0 (0.0) | 0.0 (0.0) | 100.0 (0.0) | 0.500 |
    | FC-SVM [1] | paper | 69.2 (12.0) | 46.7 (18.9) | 89.8 (12.8) | 0.713 |
    """
    if form not in ("markdown", "csv", "latex"):
        raise ValueError(f"form={form!r} must be 'markdown', 'csv' or 'latex'.")
    predictions, kind = check_predictions(predictions, pos_label)
    if kind.name != TwoClasses.name:
        told = f"has {len(kind.classes)} classes" if kind.classes else "is continuous"
        raise ValueError(
            f"The paper's tables are of two classes, and the target {told}: Comparison.summary() "
            "has a table of its own for each kind of target."
        )
    check_frame(folds, ["model", "site", "repeat", "fold", *METRICS], "folds")
    results = _our_results(folds, predictions, _COUNTERPARTS | (counterparts or {}))
    results = _add_published(results)
    if form == "csv":
        return to_csv(results[_COLUMNS].round(_DECIMALS))
    write: Callable[..., str] = _write_markdown if form == "markdown" else _write_latex
    remarks = _explain(folds)
    return "\n".join(write(*_lay_out(part), remarks) for _, part in results.groupby("table"))


def _our_results(folds, predictions, counterparts):
    """Return our results in the columns and units of the published ones."""
    summary = summarize(folds, predictions, TwoClasses(True))
    positive = 100 * predictions.groupby(["model", "site"])["y"].mean()
    keys = zip(summary["model"], summary["site"], strict=True)
    return summary[["model", "site", "n_subjects", "n_one_class"]].assign(
        source="ours",
        auc=summary["auc_pooled"],
        percent_positive=[positive[key] for key in keys],
        counterpart=[counterparts.get(name, str(name).upper()) for name in summary["model"]],
        **100 * summary[_VALUES],
        **dict.fromkeys(("paper_site", "wrong_values", "wrong_because", "site_erratum"), ""),
    )


def _add_published(results):
    """Put the published rows of the same sites below ours, in the paper's order."""
    pandas = require("pandas", extra="data")
    published = published_results()
    names = {str(name).upper(): name for name in results["site"]}
    keys = zip(published["site"], published["paper_site"], strict=True)
    sites = [names.get(ours, names.get(theirs)) for ours, theirs in keys]
    numbers = published["reference"].astype(str).radd(" [") + "]"
    published = published.assign(
        site=sites,
        source="paper",
        counterpart=published["model"],
        model=published["model"] + numbers.where(published["reference"].notna(), ""),
    ).dropna(subset="site")
    both = pandas.DataFrame(published.to_dict("records") + results.to_dict("records"))
    sites = list(dict.fromkeys(both["site"]))
    models = list(dict.fromkeys([*_ORDER, *results["counterpart"]]))
    tables = _number_tables(sites, published)
    both["table"] = both["site"].map(tables)
    both["row"] = both["counterpart"].map(models.index)
    both["column"] = both["site"].map(sites.index)
    # Ours come first; a stable sort leaves models of one counterpart in their order.
    by = ["table", "column", "row", "source"]
    return both.sort_values(by, kind="stable", ignore_index=True)


def _number_tables(sites, published):
    """Return each site's table: the paper's, or two further sites a table."""
    tables = dict(zip(published["site"], published["table"], strict=True))
    others = [site for site in sites if site not in tables]
    return tables | {site: 3 + i // 2 for i, site in enumerate(others)}


def _lay_out(table):
    """Return a table's sites, rows of cells and notes; a cell is its text and marks of notes."""
    notes, sites, cells = {}, [], {}
    for site, part in table.groupby("column"):
        sites.append((part["site"].iloc[0], _count_subjects(part, notes)))
        for entry in part.sort_values("row", kind="stable").to_dict("records"):
            row = (entry["row"], entry["source"], entry["model"])
            cells.setdefault(row, {})[site] = _cells(entry, notes)
    columns = table["column"].unique()
    empty = [("-", "")] * len(_HEADER)
    rows = [
        [(row[2], ""), (row[1], ""), *(c for column in columns for c in found.get(column, empty))]
        for row, found in sorted(cells.items(), key=lambda item: item[0][:2])
    ]
    return int(table["table"].iloc[0]), sites, rows, notes


def _count_subjects(part, notes):
    """Return the site's subjects, ours and the paper's, as pieces of text and marks."""
    ours = part[part["source"] == "ours"].nlargest(1, "n_subjects").iloc[0]
    text = f"{ours['n_subjects']} subjects, {ours['percent_positive']:.1f} % positive"
    if ours["n_one_class"]:
        text += f", {ours['n_one_class']:.0f} test folds of one class (TPR or TNR without them)"
    published = part[part["source"] == "paper"]
    if published.empty:
        return text, ""
    first = published.iloc[0]
    text += f"; paper: {first['n_subjects']}, {first['percent_positive']:.1f} %"
    erratum = first["site_erratum"]
    return text, _mark(notes, f"{first['paper_site']}: {erratum}") if erratum else ""


def _cells(entry, notes):
    """Return a model's cells at a site."""
    wrong = entry["wrong_values"].split()
    because = f"{entry['counterpart']} at {entry['paper_site']}: {entry['wrong_because']}"
    cells = []
    for name in (*_RATES, "auc"):
        value, spread = entry[name], entry.get(f"{name}_sd", float("nan"))
        text = f"{value:.3f}" if name == "auc" else f"{value:.1f}"
        text = "-" if value != value else text
        text += f" ({spread:.1f})" if spread == spread else ""
        is_wrong = name in wrong or f"{name}_sd" in wrong
        cells.append((text, _mark(notes, because) if is_wrong else ""))
    return cells


def _mark(notes, text):
    """Return the letter of a note, a new one for a new note."""
    return notes.setdefault(text, ascii_lowercase[len(notes)])


def _explain(folds):
    """Return what is to be said below each table."""
    counts = f"{folds['fold'].nunique()} folds"
    n_repeats = folds["repeat"].nunique()
    counts += f" of each of {n_repeats} repeats" if n_repeats > 1 else ""
    return (
        f"Ours: mean (standard deviation) over {counts}, AUC over the test subjects of all folds. "
        "Paper: as printed."
    )


def _write_markdown(number, sites, rows, notes, remarks):
    def cell(text, letter=""):
        escaped = one_line(text).translate(_MARKDOWN).replace("](", r"\](")  # no link, no picture
        return escaped + (f"<sup>{letter}</sup>" if letter else "")

    title = f"Table {number}: results at {' and '.join(cell(site) for site, _ in sites)}"
    lines = [f"**{title}**", ""]
    lines += [f"- {cell(site)}: {cell(*subjects)}" for site, subjects in sites]
    header = ["Model", "Source", *(f"{cell(site)} {name}" for site, _ in sites for name in _HEADER)]
    body = [[cell(*pair) for pair in row] for row in rows]
    table = [header, ["---", "---"] + ["---:"] * (len(header) - 2), *body]
    lines += ["", *(f"| {' | '.join(row)} |" for row in table), ""]
    lines += [remarks, *(f"<br><sup>{letter}</sup> {text}" for text, letter in notes.items())]
    return "\n".join(lines) + "\n"


def _write_latex(number, sites, rows, notes, remarks):
    def cell(text, letter=""):
        escaped = one_line(text).translate(_LATEX)
        # After the end of a row these would be its options.
        escaped = f"{{}}{escaped}" if escaped.lstrip().startswith(("[", "*")) else escaped
        return escaped + (f"$^{{{letter}}}$" if letter else "")

    caption = f"Results at {' and '.join(cell(site) for site, _ in sites)}. {remarks}"
    spans = [rf"\multicolumn{{4}}{{c}}{{{cell(s)} ({cell(*subjects)})}}" for s, subjects in sites]
    table = [["Model", "Source", *map(cell, _HEADER * len(sites))]]
    table += [[cell(*pair) for pair in row] for row in rows]
    lines = [r"\begin{table}", rf"\caption{{{caption}}}", rf"\label{{tab:results{number}}}"]
    lines += [r"\centering", rf"\begin{{tabular}}{{ll*{{{4 * len(sites)}}}{{r}}}}", r"\hline"]
    lines += [rf" & & {' & '.join(spans)} \\", *(rf"{' & '.join(row)} \\" for row in table)]
    lines.insert(-len(rows), r"\hline")
    lines += [r"\hline", r"\end{tabular}"]
    lines += [rf"\par {{\footnotesize $^{{{x}}}$ {cell(text)}.}}" for text, x in notes.items()]
    return "\n".join([*lines, r"\end{table}"]) + "\n"
