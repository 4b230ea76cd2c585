"""Which class is taken for which."""

from typing import TYPE_CHECKING

from .._extras import require

if TYPE_CHECKING:
    from pandas import DataFrame

    from ._comparison import Comparison


def confusion_matrices(comparison: "Comparison") -> "DataFrame":
    """Count, for each model and site, the subjects of each class by what is predicted of them.

    Parameters
    ----------
    comparison : Comparison
        Of classifiers.

    Returns
    -------
    DataFrame
        One row per model, site, true class ``y`` and ``predicted`` class: ``n``, the number of
        subjects (their mean over repeats), and ``share``, of the subjects of the true class (the
        diagonal holds the recalls; NaN where there is no subject).

    Raises
    ------
    ValueError
        If the target is continuous.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_lstmdg.evaluation import compare_models, confusion_matrices
    >>> y = np.repeat(["autism", "control", "adhd"], 10)
    >>> X = np.eye(3)[np.unique(y, return_inverse=True)[1]]
    >>> c = compare_models({"logistic": LogisticRegression()}, X, y, n_folds=3, random_state=0)
    >>> counts = confusion_matrices(c)
    >>> counts.pivot(index="y", columns="predicted", values="n").to_numpy().tolist()
    [[10.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 10.0]]
    """
    if comparison.kind.classes is None:
        raise ValueError("The target is continuous: there are no classes to confuse.")
    return count_confusions(comparison.predictions, comparison.kind.classes)


def count_confusions(predictions, classes):
    """Count the subjects of each class by what is predicted of them."""
    pandas = require("pandas", extra="data")
    tables = []
    for (model, site), part in predictions.groupby(["model", "site"], sort=False):
        counts = pandas.crosstab(part["y"], part["predicted"])
        counts = counts.reindex(index=classes, columns=classes, fill_value=0)
        table = (counts / part["repeat"].nunique()).stack().rename("n").reset_index()
        share = table["n"] / table.groupby("y")["n"].transform("sum")
        tables.append(table.assign(model=model, site=site, share=share))
    columns = ["model", "site", "y", "predicted", "n", "share"]
    return pandas.concat(tables, ignore_index=True)[columns]
