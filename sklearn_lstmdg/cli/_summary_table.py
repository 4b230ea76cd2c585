"""Tables for people, as plain text."""

_RATES = ("acc", "tpr", "tnr")


def format_summary(summary):
    """Format a comparison's summary like the paper's Table 1.

    Parameters
    ----------
    summary : DataFrame
        ``Comparison.summary()``.

    Returns
    -------
    str
        One line per model and site: mean (standard deviation) over folds in per cent, and AUC
        over the test subjects of all folds together.
    """
    header = ["model", "site", "n", "ACC (%)", "TPR (%)", "TNR (%)", "AUC"]
    rows = [header, *(_cells(row) for row in summary.to_dict("records"))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_align(row, widths)) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    folds = sorted(set(summary["n_folds"]))
    lines.append(
        f"Mean (standard deviation) over {' or '.join(map(str, folds))} folds; "
        "AUC over the test subjects of all folds."
    )
    one_class = int(summary["n_one_class"].sum())
    if one_class:
        lines.append(f"{one_class} of the test folds held one class only: TPR or TNR without them.")
    return "\n".join(lines)


def _cells(row):
    rates = [_rate(row[m], row[f"{m}_sd"]) for m in _RATES]
    return [row["model"], row["site"], str(row["n_subjects"]), *rates, f"{row['auc_pooled']:.3f}"]


def _rate(mean, deviation):
    """Return per cent, with the standard deviation where more than one fold has it."""
    text = f"{100 * mean:.1f}"
    return text if deviation != deviation else f"{text} ({100 * deviation:.1f})"


def _align(row, widths):
    text = [cell.ljust(width) for cell, width in zip(row[:2], widths, strict=False)]
    return text + [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
