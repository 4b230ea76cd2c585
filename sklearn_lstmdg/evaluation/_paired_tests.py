"""Tests of differences, and of chance, from the tables of a comparison."""

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from .._extras import require
from .._typing import Seed
from ..base import draw_seed
from . import _statistics as statistics
from ._draws import draw_subjects
from ._metrics import check_frame, models_beside
from ._target_kinds import check_predictions

if TYPE_CHECKING:
    from pandas import DataFrame

_FOLD = ["site", "repeat", "fold"]
_ROW = ["site", "repeat", "subject", "row", "subject_site"]
_LEVEL = 0.95
_DIFFERENCES = ("difference", "difference_low", "difference_high")
_POOLED = ("difference_pooled", "difference_pooled_low", "difference_pooled_high")
_LIBERAL = "p_paired_t_liberal"
_P_VALUES = ("p_corrected_t", "p_permutation")
_ONE_FOLD = "no corrected t: of {n} of {of} sites there is one fold, which has no spread"
_EQUAL = "no corrected t: all differences of folds are {mean:+.3g}, which has no spread"
# Which question each test answers: printed under the tables that hold them.
ABOUT_TESTS = (
    "Difference, mean over folds: what if the models were trained again and tested on other "
    "subjects? 95 % interval and p by the corrected resampled t. Pooled difference: what if the "
    "same trained models were tested on other subjects? 95 % interval by drawing subjects, or "
    "families, from each site and class; p by swapping the models in each subject. These p are "
    "two-sided, and corrected for their number by Holm. The paper's t is one-tailed, takes folds "
    'for independent, and says "better" too often.'
)


def test_against(
    folds: "DataFrame",
    predictions: "DataFrame",
    reference: str = "lstm-dg",
    metrics: Sequence[str] | None = None,
    pos_label: object = None,
    n_permutations: int = 10_000,
    random_state: Seed = 0,
) -> "DataFrame":
    r"""Test whether a model differs from each of the others.

    The tests are two-sided, but for the paper's, which is one-tailed: its p value near 1 says that
    the reference is worse. They answer for all sites together. A negative difference of the mean
    absolute error speaks for the reference.

    Parameters
    ----------
    folds, predictions : DataFrame
        Of a :class:`Comparison`, or read from ``folds.csv`` and ``predictions.csv``.
    reference : str, default="lstm-dg"
        The model that should be better.
    metrics : sequence of str, default=None
        What to test, of the columns of ``folds`` that judge a model; by default ("acc", "tnr",
        "auc"), with several classes ("acc", "balanced_acc", "auc"), with a continuous target
        ("mae", "r", "r2"). The paper tells p of accuracy and TNR; "tpr" is tested when asked for.
    pos_label : object, default=None
        The positive label of two; by default the greater one.
    n_permutations : int, default=10000
        Random swaps of the permutation test.
    random_state : int, RandomState instance or None, default=0
        Decides the swaps, and the draws of the bootstrap.

    Returns
    -------
    DataFrame
        One row for each other model and metric:

        - ``model``, ``metric``, ``n_sites``, ``n_folds`` (that both models have and where the
          metric is defined) and ``n_undefined`` (folds of one class);
        - ``difference``: reference minus model, mean over sites of the mean over folds, and
          ``difference_low``, ``difference_high``, its 95 % interval by the corrected resampled t:
          what if the models were trained again, and tested on other subjects of these sites?
        - ``difference_pooled``: of the metrics over each site's subjects, mean over sites, and
          ``difference_pooled_low``, ``difference_pooled_high``, its 95 % interval by 2000 draws of
          subjects (of families, where ``subject`` names those) with replacement, from each site
          and class on its own: what if these very models were tested on other subjects?
        - ``p_paired_t_liberal``: the paper's one-tailed paired t-test over folds and sites. It
          takes folds for independent, which they are not, and is too liberal;
        - ``p_corrected_t``: Nadeau's and Bengio's corrected resampled t-test, two-sided;
        - ``p_permutation``: the two models swapped at random in each subject, pooled metrics
          (for AUC: ranks of the scores; for r: predictions in standard deviations), two-sided;
        - the last two again with ``_holm``, corrected for all rows of the frame by Holm's method;
        - ``liberal_only``: the paper's test alone is below 0.05, before any correction;
        - ``remark``: why the corrected t is NaN; empty where it is not.

    Raises
    ------
    ValueError
        If a column, the reference, another model, a metric or a score is missing, or if models
        were not tested on the same folds.

    Warns
    -----
    UserWarning
        If a model lacks folds that the reference has, or has more.

    Notes
    -----
    Repeats are not independent samples. The paper's test takes the mean of fold f over all
    repeats. The corrected test counts repeated partitions as its authors do, all J = repeats x
    folds with the correction unchanged; folds that test the same subjects (the same partition with
    other seeds) are averaged first. Of two models with training sets of different sizes, the
    smaller counts. It needs two folds a site, so that there is none for "leave-one-site-out". The
    permutation test swaps a subject in all repeats at once; like the bootstrap, it takes the
    trained models as they are and says nothing of other training sets. Pooled AUC compares scores
    of different folds, so that its difference may not be that of the folds.

    Where both models are equal in all folds, t is 0 and p is 1. Where they differ by the same in
    all folds, p is NaN: nothing is known of the spread.

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
    check_frame(folds, ["model", *_FOLD, "n_train", "n_test", *(metrics or ())], "folds")
    predictions, kind = check_predictions(predictions, pos_label)
    metrics = _check_metrics(metrics, kind, kind.tested)
    check_frame(folds, metrics, "folds")
    seed = draw_seed(check_random_state(random_state))
    records = []
    for model in models_beside(reference, folds, "folds"):
        pairs = pair_predictions(predictions, reference, model)
        both = _pair_folds(folds, pairs, reference, model)
        for metric in metrics:
            tested = _test_folds(both, metric, kind)
            tested |= _test_subjects(pairs, metric, kind, n_permutations, seed)
            records.append({"model": model, "metric": metric} | tested)
    return _correct(pandas.DataFrame(records))


vars(test_against)["__test__"] = False  # its name is no reason for pytest to collect it


def _check_metrics(metrics, kind, default):
    """Return the metrics that are asked for, or else the default; refuse those of other kinds."""
    metrics = default if metrics is None else tuple(metrics)
    if set(metrics) - set(kind.metrics):
        raise ValueError(f"metrics={metrics!r} must be among {', '.join(kind.metrics)}.")
    return metrics


def _correct(tests):
    """Add Holm's p values, and order the columns."""
    for name in _P_VALUES:
        tests[f"{name}_holm"] = statistics.holm(tests[name])
    tests["liberal_only"] = (tests[_LIBERAL] < 0.05) & ~(tests[[*_P_VALUES]] < 0.05).any(axis=1)
    last = [name for name in tests if name.startswith("p_")] + ["liberal_only", "remark"]
    return tests[[name for name in tests if name not in last] + last]


def pair_predictions(predictions, reference, model):
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
    both["n_train"] = both[["n_train_a", "n_train_b"]].min(axis=1)
    return both.merge(tested.reset_index(), on=_FOLD)


def _test_folds(both, metric, kind):
    """Test the differences of folds by the paper's and by the corrected t-test."""
    both = both.assign(difference=both[f"{metric}_a"] - both[f"{metric}_b"])
    defined = both.dropna(subset="difference")
    record = {"n_sites": defined["site"].nunique(), "n_folds": len(defined)}
    record["n_undefined"] = len(both) - len(defined)
    if defined.empty:
        names = (*_DIFFERENCES, _LIBERAL, _P_VALUES[0])
        return record | dict.fromkeys(names, np.nan) | {"remark": kind.why_undefined}
    by_number = defined.groupby(["site", "fold"])["difference"].mean()
    parts = [part for _, part in defined.groupby("site")]
    distinct = [part.groupby("tested")["difference"].mean().to_numpy() for part in parts]
    sizes = [[part[n].mean() for part in parts] for n in ("n_train", "n_test_a")]
    p = statistics.corrected_resampled_t(distinct, *sizes)[2]
    mean, error, df = statistics.corrected_mean(distinct, *sizes)
    interval = statistics.t_interval(mean, error if p == p else np.nan, df, _LEVEL)
    record |= dict(zip(_DIFFERENCES, (mean, *interval), strict=True))
    gains = by_number.to_numpy() * (-1 if metric in kind.lower_is_better else 1)
    record |= {_LIBERAL: statistics.paired_t(gains)[2], _P_VALUES[0]: p}
    return record | {"remark": "" if p == p else _explain_missing(distinct, mean)}


def _explain_missing(distinct, mean):
    """Say why there is no corrected t."""
    n_single = sum(len(values) < 2 for values in distinct)
    return _ONE_FOLD.format(n=n_single, of=len(distinct)) if n_single else _EQUAL.format(mean=mean)


def _test_subjects(pairs, metric, kind, n_permutations, seed):
    """Test the mean over sites of the pooled difference by swapping subjects."""
    parts = [part for _, part in pairs.groupby(["site", "repeat"])]
    paired = kind.paired_metrics[metric]
    contributed = [part.assign(share=paired.contributions(part)) for part in parts]
    shares = require("pandas", extra="data").concat(contributed).dropna(subset="share")
    if shares.empty:
        return dict.fromkeys((*_POOLED, _P_VALUES[1]), np.nan)
    n_repeats = shares.groupby("site")["repeat"].transform("nunique")
    whole = shares.assign(share=shares["share"] / (n_repeats * shares["site"].nunique()))
    subjects = whole.groupby(["site", "subject"])["share"].sum().to_numpy()
    p = statistics.paired_permutation(subjects, n_permutations, seed)
    interval = _draw_interval(shares, paired, kind, seed)
    pooled = dict(zip(_POOLED, (float(subjects.sum()), *interval), strict=True))
    return pooled | {_P_VALUES[1]: p}


def _draw_interval(pairs, paired, kind, seed):
    """Return the pooled difference's interval over draws of subjects from each site and class."""
    differences = {}
    for (site, _), part, counts in draw_subjects(pairs, kind, seed):
        differences.setdefault(site, []).append(paired.drawn(part, counts))
    drawn = np.mean([np.mean(repeats, axis=0) for repeats in differences.values()], axis=0)
    return statistics.interval_of_draws(drawn, _LEVEL)


def null_from_permutations(
    predictions: "DataFrame",
    permuted: Iterable["DataFrame"],
    metrics: Sequence[str] | None = None,
    pos_label: object = None,
) -> "DataFrame":
    """Compare a run with runs whose labels, or targets, were permuted within sites.

    Parameters
    ----------
    predictions : DataFrame
        Predictions of the run with the true labels.
    permuted : iterable of DataFrame
        Predictions of each run with permuted labels, of the same models and sites.
    metrics : sequence of str, default=all
        What to summarize, of the columns of ``folds`` that judge a model.
    pos_label : object, default=None
        The positive label of two; by default the greater one.

    Returns
    -------
    DataFrame
        One row per model, site and metric, and one with the site "mean over sites" where there
        are several: ``observed`` (pooled over a site's subjects, averaged over repeats),
        ``null_mean``, ``null_sd``, ``n_permuted`` (runs that have it) and ``p``, the share of runs
        at least as good as the observed one, which counts as one more of them: one-sided, for to
        be worse than chance is no finding.

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
    signs = _signs(predictions, observed, pos_label)
    reached = null.mul(signs, axis=0).ge(observed * signs - 1e-12, axis=0).sum(axis=1)
    p = ((1 + reached) / (1 + n_permuted)).where(observed.notna() & (n_permuted > 0))
    columns = {"observed": observed, "null_mean": null.mean(axis=1), "null_sd": null.std(axis=1)}
    return pandas.DataFrame(columns | {"n_permuted": n_permuted, "p": p}).reset_index()


def _signs(predictions, observed, pos_label):
    """Return -1 for each metric of errors, 1 for the others, in a Series like the observed."""
    lower = check_predictions(predictions, pos_label)[1].lower_is_better
    is_error = observed.index.get_level_values("metric").isin(lower)
    return require("pandas", extra="data").Series(np.where(is_error, -1, 1), observed.index)


def _pooled_metrics(predictions, metrics, pos_label):
    """Return a Series of pooled metrics by model, site and metric."""
    pandas = require("pandas", extra="data")
    predictions, kind = check_predictions(predictions, pos_label)
    metrics = _check_metrics(metrics, kind, kind.metrics)
    scored = [
        dict(zip(("model", "site", "repeat"), key, strict=True)) | kind.score(part)
        for key, part in predictions.groupby(["model", "site", "repeat"], sort=False)
    ]
    sites = pandas.DataFrame(scored).groupby(["model", "site"], sort=False)[list(metrics)].mean()
    if sites.index.get_level_values("site").nunique() > 1:
        overall = sites.groupby("model", sort=False).mean().assign(site="mean over sites")
        sites = pandas.concat([sites, overall.set_index("site", append=True)])
    return sites.T.unstack().rename_axis(["model", "site", "metric"])
