"""What the tables of a comparison must hold, in memory or read from CSV files."""

__all__ = ["check_frame", "check_predictions"]


def check_frame(frame, names, what):
    """Refuse a table that lacks columns.

    Parameters
    ----------
    frame : DataFrame
        The table.
    names : list of str
        The columns that are needed.
    what : str
        The table's name in the message.

    Raises
    ------
    ValueError
        If any is missing.
    """
    missing = [name for name in names if name not in getattr(frame, "columns", ())]
    if missing:
        raise ValueError(f"{what} lacks the columns {', '.join(missing)}.")


def check_predictions(predictions, pos_label):
    """Check predictions and tell positive from negative.

    Parameters
    ----------
    predictions : DataFrame
        One row per model, site, repeat and test subject.
    pos_label : object
        The positive label; None takes the greater one.

    Returns
    -------
    DataFrame
        With y and predicted as booleans, and ``row``, the number of a row among those of its
        subject.

    Raises
    ------
    ValueError
        If a column or the positive label is missing, or there are not two labels to choose from.
    """
    names = ["model", "site", "repeat", "fold", "subject", "y", "score", "predicted"]
    check_frame(predictions, names, "predictions")
    labels = set(predictions["y"]) | set(predictions["predicted"])
    if pos_label is None and len(labels) != 2:
        raise ValueError(
            f"The labels are {sorted(labels, key=str)}: pos_label must say which is positive."
        )
    pos_label = max(labels) if pos_label is None else pos_label
    if pos_label not in labels:
        raise ValueError(
            f"pos_label={pos_label!r} is not among the labels {sorted(labels, key=str)}."
        )
    keys = ["model", "site", "repeat", "subject"]
    return predictions[names].assign(
        y=predictions["y"] == pos_label,
        predicted=predictions["predicted"] == pos_label,
        row=predictions.groupby(keys).cumcount(),
    )
