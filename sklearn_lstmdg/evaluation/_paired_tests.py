"""Tests of differences, and of chance, from the tables of a comparison."""

import warnings

import numpy as np
from scipy.stats import t as student
from sklearn.utils import check_random_state

from .._extras import require
from . import _statistics as statistics
from ._metrics import METRICS, check_frame, check_predictions, score_predictions

_FOLD = ["site", "repeat", "fold"]
_ROW = ["site", "repeat", "subject", "row"]
_LEVEL = 0.95
_DIFFERENCES = ("difference", "difference_low", "difference_high")
_P_VALUES = ("p_paired_t_liberal", "p_corrected_t", "p_permutation")


def test_against(
    folds,
    predictions,
    reference="lstm-dg",
    metrics=("acc", "tnr", "auc"),
    pos_label=None,
    n_permutations=10_000,
    random_state=0,
):
    r"""Test whether a model is better than each of the others.

    All tests are one-tailed, as in the paper: a p value near 1 says that the reference is worse.
    They answer for all sites together.

    Parameters
    ----------
    folds, predictions : DataFrame
        Of a :class:`Comparison`, or read from ``folds.csv`` and ``predictions.csv``.
    reference : str, default="lstm-dg"
        The model that should be better.
    metrics : sequence of {"acc", "tpr", "tnr", "auc"}, default=("acc", "tnr", "auc")
        What to test.
    pos_label : object, default=None
        The positive label; by default the greater one.
    n_permutations : int, default=10000
        Random swaps of the permutation test.
    random_state : int, RandomState instance or None, default=0
        Decides the swaps.

    Returns
    -------
    DataFrame
        One row for each other model and metric:

        - ``model``, ``metric``, ``n_sites``, ``n_folds`` (that both models have and where the
          metric is defined) and ``n_undefined`` (folds of one class);
        - ``difference``: reference minus model, mean over sites of the mean over folds, and
          ``difference_pooled``: of the metrics over each site's subjects;
        - ``difference_low``, ``difference_high``: 95 % interval of ``difference`` by the corrected
          resampled t;
        - ``p_paired_t_liberal``: the paper's paired t-test over folds and sites. It takes folds
          for independent, which they are not, and is too liberal;
        - ``p_corrected_t``: Nadeau's and Bengio's corrected resampled t-test;
        - ``p_permutation``: the two models swapped at random in each subject, pooled metrics
          (for AUC: ranks of the scores);
        - each p again with ``_holm``, corrected for all rows of the frame by Holm's method;
        - ``liberal_only``: the liberal test alone is below 0.05, before any correction.

    Raises
    ------
    ValueError
        If a column, the reference, another model or a metric is missing, or if models were not
        tested on the same folds.

    Warns
    -----
    UserWarning
        If a model lacks folds that the reference has, or has more.

    Notes
    -----
    Repeats are not independent samples. The paper's test takes the mean of fold f over all
    repeats. The corrected test counts repeated partitions as its authors do, all J = repeats x
    folds with the correction unchanged; folds that test the same subjects (the same partition with
    other seeds) are averaged first. The permutation test swaps a subject in all repeats at once;
    it takes the trained models as they are and says nothing of other training sets. Pooled AUC
    compares scores of different folds, so that its difference may not be that of the folds.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_lstmdg.evaluation import compare_models, test_against
    >>> y = np.tile([0, 1], 30)
    >>> X = np.random.default_rng(0).normal(size=(60, 2)) + y[:, None] * [2, 0]
    >>> models = {"logistic": LogisticRegression(), "blind": DummyClassifier()}
    >>> c = compare_models(models, X, y, n_folds=5, random_state=0)
    >>> tests = test_against(c.folds, c.predictions, reference="logistic", metrics=["acc"])
    >>> tests[["model", "metric", "n_folds"]].values.tolist()
    [['blind', 'acc', 5]]
    >>> bool(tests["p_permutation"][0] < 0.01)
    True
    """
    pandas = require("pandas", extra="data")
    check_frame(folds, ["model", *_FOLD, "n_train", "n_test", *metrics], "folds")
    predictions = check_predictions(predictions, pos_label)
    if set(metrics) - set(METRICS):
        raise ValueError(f"metrics={metrics!r} must be among {', '.join(METRICS)}.")
    models = list(dict.fromkeys(folds["model"]))
    if reference not in models or len(models) < 2:
        raise ValueError(f"{reference!r} and others are needed; folds holds {models}.")
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    records = []
    for model in models:
        if model == reference:
            continue
        pairs = _pair_predictions(predictions, reference, model)
        both = _pair_folds(folds, pairs, reference, model)
        for metric in metrics:
            tested = _test_folds(both, metric) | _test_subjects(pairs, metric, n_permutations, seed)
            records.append({"model": model, "metric": metric} | tested)
    return _correct(pandas.DataFrame(records))


vars(test_against)["__test__"] = False  # its name is no reason for pytest to collect it


def _correct(tests):
    """Add Holm's p values, and order the columns."""
    for name in _P_VALUES:
        tests[f"{name}_holm"] = statistics.holm(tests[name])
    below = tests[list(_P_VALUES)] < 0.05
    tests["liberal_only"] = below[_P_VALUES[0]] & ~below[list(_P_VALUES[1:])].any(axis=1)
    last = [name for name in tests if name.startswith("p_")] + ["liberal_only"]
    return tests[[name for name in tests if name not in last] + last]


def _pair_predictions(predictions, reference, model):
    """Put two models' predictions side by side, row by row."""
    a, b = (predictions[predictions["model"] == name] for name in (reference, model))
    pairs = a.merge(b, on=_ROW, suffixes=("_a", "_b"))
    if len(pairs) < max(len(a), len(b)):
        warnings.warn(
            f"{reference!r} has {len(a)} and {model!r} {len(b)} predictions; the {len(pairs)} that "
            "both have are compared.",
            UserWarning,
            stacklevel=3,
        )
    differs = (pairs["fold_a"] != pairs["fold_b"]) | (pairs["y_a"] != pairs["y_b"])
    if differs.any() or pairs.empty:
        subject = f": subject {pairs['subject'][differs].iloc[0]!r}" if differs.any() else ""
        raise ValueError(
            f"{reference!r} and {model!r} were not tested on the same folds and labels{subject}."
        )
    return pairs.rename(columns={"y_a": "y", "fold_a": "fold"})


def _pair_folds(folds, pairs, reference, model):
    """Put two models' folds side by side; ``tested`` names each fold by its test subjects."""
    a, b = (folds[folds["model"] == name] for name in (reference, model))
    both = a.merge(b, on=_FOLD, suffixes=("_a", "_b"))
    tested = pairs.groupby(_FOLD)["subject"].agg(frozenset).rename("tested")
    return both.merge(tested.reset_index(), on=_FOLD)


def _test_folds(both, metric):
    """Test the differences of folds by the paper's and by the corrected t-test."""
    both = both.assign(difference=both[f"{metric}_a"] - both[f"{metric}_b"])
    defined = both.dropna(subset="difference")
    record = {"n_sites": defined["site"].nunique(), "n_folds": len(defined)}
    record["n_undefined"] = len(both) - len(defined)
    if defined.empty:
        return record | dict.fromkeys((*_DIFFERENCES, *_P_VALUES[:2]), np.nan)
    by_number = defined.groupby(["site", "fold"])["difference"].mean()
    parts = [part for _, part in defined.groupby("site")]
    distinct = [part.groupby("tested")["difference"].mean().to_numpy() for part in parts]
    sizes = [[part[n].mean() for part in parts] for n in ("n_train_a", "n_test_a")]
    mean, error, df = statistics.corrected_mean(distinct, *sizes)
    half = error * student.isf((1 - _LEVEL) / 2, df)
    record |= dict(zip(_DIFFERENCES, (mean, mean - half, mean + half), strict=True))
    record["p_paired_t_liberal"] = statistics.paired_t(by_number.to_numpy())[2]
    record["p_corrected_t"] = statistics.corrected_resampled_t(distinct, *sizes)[2]
    return record


def _test_subjects(pairs, metric, n_permutations, seed):
    """Test the mean over sites of the pooled difference by swapping subjects."""
    parts = [part for _, part in pairs.groupby(["site", "repeat"])]
    contributed = [part.assign(share=_contributions(part, metric)) for part in parts]
    shares = require("pandas", extra="data").concat(contributed).dropna(subset="share")
    if shares.empty:
        return {"difference_pooled": np.nan, "p_permutation": np.nan}
    n_repeats = shares.groupby("site")["repeat"].transform("nunique")
    shares = shares.assign(share=shares["share"] / (n_repeats * shares["site"].nunique()))
    subjects = shares.groupby(["site", "subject"])["share"].sum().to_numpy()
    p = statistics.paired_permutation(subjects, n_permutations, seed)
    return {"difference_pooled": float(subjects.sum()), "p_permutation": p}


def _contributions(part, metric):
    y = part["y"].to_numpy()
    if metric == "auc":
        return statistics.auc_contributions(y, part["score_a"], part["score_b"])
    among = {"acc": np.ones_like(y), "tpr": y, "tnr": ~y}[metric]
    hits = [part[f"predicted_{which}"].to_numpy() == y for which in "ab"]
    return statistics.rate_contributions(*hits, among)


def null_from_permutations(predictions, permuted, metrics=METRICS, pos_label=None):
    """Compare a run with runs whose labels were permuted within sites.

    Parameters
    ----------
    predictions : DataFrame
        Predictions of the run with the true labels.
    permuted : iterable of DataFrame
        Predictions of each run with permuted labels, of the same models and sites.
    metrics : sequence of {"acc", "tpr", "tnr", "auc"}, default=all
        What to summarise.
    pos_label : object, default=None
        The positive label; by default the greater one.

    Returns
    -------
    DataFrame
        One row per model, site and metric, and one with the site "mean over sites" where there
        are several: ``observed`` (pooled over a site's subjects, averaged over repeats),
        ``null_mean``, ``null_sd``, ``n_permuted`` (runs that have it) and ``p``, the share of runs
        at least as good as the observed one, which counts as one more of them.

    Raises
    ------
    ValueError
        If there is no permuted run, or a column is missing.

    Notes
    -----
    The smallest possible p is 1 / (n_permuted + 1): 19 runs for 0.05. TPR and TNR of a null depend
    on the class that a model prefers; their sum, and AUC, do not.
    """
    pandas = require("pandas", extra="data")
    observed = _pooled_metrics(predictions, metrics, pos_label)
    nulls = [_pooled_metrics(run, metrics, pos_label).reindex(observed.index) for run in permuted]
    if not nulls:
        raise ValueError("permuted holds no run.")
    null = pandas.concat(nulls, axis=1)
    n_permuted = null.notna().sum(axis=1)
    reached = null.ge(observed - 1e-12, axis=0).sum(axis=1)
    p = ((1 + reached) / (1 + n_permuted)).where(observed.notna() & (n_permuted > 0))
    columns = {"observed": observed, "null_mean": null.mean(axis=1), "null_sd": null.std(axis=1)}
    return pandas.DataFrame(columns | {"n_permuted": n_permuted, "p": p}).reset_index()


def _pooled_metrics(predictions, metrics, pos_label):
    """Return a Series of pooled metrics by model, site and metric."""
    pandas = require("pandas", extra="data")
    predictions = check_predictions(predictions, pos_label)
    scored = [
        dict(zip(("model", "site", "repeat"), key, strict=True))
        | score_predictions(part["y"], part["predicted"], part["score"])
        for key, part in predictions.groupby(["model", "site", "repeat"], sort=False)
    ]
    sites = pandas.DataFrame(scored).groupby(["model", "site"], sort=False)[list(metrics)].mean()
    if sites.index.get_level_values("site").nunique() > 1:
        overall = sites.groupby("model", sort=False).mean().assign(site="mean over sites")
        sites = pandas.concat([sites, overall.set_index("site", append=True)])
    return sites.T.unstack().rename_axis(["model", "site", "metric"])
