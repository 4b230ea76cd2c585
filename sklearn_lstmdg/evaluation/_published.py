"""The numbers of the paper's Tables 1 and 2."""

from importlib.resources import files
from typing import TYPE_CHECKING

from .._extras import require

if TYPE_CHECKING:
    from pandas import DataFrame


def published_results() -> "DataFrame":
    """Return the paper's Tables 1 and 2 as they were printed, with what is wrong in them.

    The paper is [1]_.

    Returns
    -------
    DataFrame
        One row per site and model:

        - ``table``, ``site`` (the stem of ABIDE's SITE_ID) and ``paper_site`` (the paper's name);
        - ``n_subjects`` and ``percent_positive`` (with autism) of the site;
        - ``model`` and ``reference``, its number in the paper's bibliography (the paper quotes the
          results of HMM and DTL);
        - ``acc``, ``tpr``, ``tnr`` in per cent with ``_sd``, the standard deviations over 10
          folds, and ``auc``; NaN where the paper has none;
        - ``wrong_values``: names of columns that cannot be right, separated by spaces, and
          ``wrong_because``; ``site_erratum``: what is wrong with ``percent_positive``. Empty
          strings where nothing is known to be wrong.

    Notes
    -----
    Do not compare with the marked values. An accuracy over subjects lies between TPR and TNR, and
    a share of n subjects is a multiple of 1 / n.

    References
    ----------
    .. [1] N. C. Dvornek, X. Li, J. Zhuang, J. S. Duncan. "Jointly Discriminative and Generative
       Recurrent Neural Networks for Learning from fMRI", MLMI 2019, arXiv:1910.06950.

    Examples
    --------
    >>> from sklearn_lstmdg.evaluation import published_results
    >>> published = published_results()
    >>> ours = published[published["model"] == "LSTM-DG"]
    >>> ours[["paper_site", "acc", "auc"]].values.tolist()
    [['NY', 72.2, 0.772], ['UM', 74.8, 0.774], ['US', 73.2, 0.746], ['UC', 67.4, 0.715]]
    """
    pandas = require("pandas", extra="data")
    with (files(__package__) / "published.csv").open(encoding="utf-8") as file:
        published = pandas.read_csv(file, dtype={"reference": "Int64"})
    texts = ["wrong_values", "wrong_because", "site_erratum"]
    return published.assign(**{name: published[name].fillna("") for name in texts})
