"""Statistics of a comparison: tests of differences, intervals of rates and AUC, calibration."""

import numpy as np
from scipy.stats import norm, rankdata
from scipy.stats import t as student

_BLOCK = 1000
_ROUNDING = 1e-12


def paired_t(differences):
    r"""Return the paper's one-tailed test, :math:`t = \bar d / \sqrt{s^2 / J}`: t, df and p.

    It takes paired differences, of all folds of all sites, for independent, which they are not:
    training sets overlap, so that the test is too liberal. Constant differences are as in
    :func:`corrected_resampled_t`, and so is NaN below two pairs.
    """
    # Without an overlap of training sets there is nothing to correct.
    mean, error, df = corrected_mean(differences, n_train=1, n_test=0)
    t = _divide(mean, error)
    return t, df, 1.0 if mean == error == 0 else float(student.sf(t, df))


def corrected_resampled_t(differences, n_train, n_test):
    r"""Test differences of folds, whose training sets overlap [1]_: t, df and two-sided p.

    :math:`t = m / v^{1/2}` with :func:`corrected_mean`'s mean, standard error and degrees of
    freedom. Where all differences are 0, t is 0 and p is 1. Where they are all the same and not
    0, nothing is known of their spread, which t would divide by: t and p are NaN, not 0.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio. "Inference for the Generalization Error", Machine Learning 52,
       2003.
    """
    mean, error, df = corrected_mean(differences, n_train, n_test)
    t = _divide(mean, error)
    return t, df, 2 * float(student.sf(abs(t), df))


def _divide(mean, error):
    if error > _ROUNDING * abs(mean):
        return mean / error
    return error if mean == 0 else np.nan


def corrected_mean(values, n_train, n_test):
    r"""Average values of folds and sites: the mean, its standard error and degrees of freedom.

    Folds are correlated within a site, :math:`\rho = n_{test} / (n_{train} + n_{test})`; the S
    sites are independent.

    Parameters
    ----------
    values : array-like of shape (n_folds,), or list of these
        One site's values, or those of each site (their numbers J may differ).
    n_train, n_test : float or array-like of shape (n_sites,)
        Subjects of a fold.

    Returns
    -------
    mean : float
        Mean over sites of the means over folds.
    error : float
        Root of :math:`S^{-2} \sum_s (1 / J_s + n_{test} / n_{train}) s_s^2`; NaN where a site has
        fewer than two values.
    df : int
        :math:`\sum_s (J_s - 1)`.
    """
    sites = [values] if np.ndim(values[0]) == 0 else values
    sites = [np.asarray(site, dtype=np.float64) for site in sites]
    n_folds = np.array([len(site) for site in sites])
    mean, df = float(np.mean([site.mean() for site in sites])), int(np.sum(n_folds - 1))
    if n_folds.min() < 2:
        return mean, np.nan, df
    variances = np.array([site.var(ddof=1) for site in sites])
    overlap = np.divide(n_test, n_train)
    variance = np.sum((1 / n_folds + overlap) * variances) / len(sites) ** 2
    return mean, float(np.sqrt(variance)), df


def t_interval(mean, error, df, level):
    """Return the interval of a :func:`corrected_mean`."""
    half = error * student.isf((1 - level) / 2, df)
    return mean - half, mean + half


def rate_contributions(hits_a, hits_b, among):
    """Return what each subject adds to the difference of two models' rates, NaN without any.

    The rate is that ``among`` all subjects (accuracy), the positive (TPR) or the negative (TNR).
    """
    n_subjects = np.sum(among)
    if n_subjects == 0:
        return np.full(len(among), np.nan)
    return (np.asarray(hits_a, float) - hits_b) * among / n_subjects


def auc_contributions(y, score_a, score_b):
    r"""Return what each subject adds to the difference of two models' AUC, NaN for one class.

    Swap the two models' scores of some subjects, and compare the AUC of the two sets of scores
    that result. All terms in which two subjects are swapped cancel in that difference, so it is a
    sum over subjects of :math:`\pm` these contributions, minus for the swapped: a sign test of
    them is the swap test of AUC. Only ranks count, so that models may have different scales.
    """
    y = np.asarray(y, bool)
    contributions = np.full(len(y), np.nan)
    if y.all() or not y.any():
        return contributions
    a, b = rankdata(score_a), rankdata(score_b)
    wins_a, wins_b = wins(a[y], a[~y]), wins(b[y], b[~y])
    mixed, mixed_back = wins(a[y], b[~y]), wins(b[y], a[~y])
    n_pairs = wins_a.size
    contributions[y] = (wins_a + mixed - mixed_back - wins_b).sum(axis=1) / (2 * n_pairs)
    contributions[~y] = (wins_a - mixed + mixed_back - wins_b).sum(axis=0) / (2 * n_pairs)
    return contributions


def wins(positive, negative):
    """Return for each pair 1 where the positive has the higher score, and 1/2 for a tie."""
    return (np.sign(positive[:, None] - negative) + 1) / 2


def pairs_in_draws(won, y, counts):
    """Return, of pairs of a positive and another subject, the sum won and their number, by draw.

    Shapes: won (n_positive, n_negative), y (n_subjects,), counts (n_draws, n_subjects).
    """
    positive, negative = counts[:, y], counts[:, ~y]
    n_pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return ((positive @ won) * negative).sum(axis=1), n_pairs


def paired_permutation(contributions, n_permutations=10_000, rng=None):
    """Test a difference of two models by swapping them at random in each subject, two-sided.

    Parameters
    ----------
    contributions : array-like of shape (n_subjects,)
        What each subject adds to the difference; a swap turns its sign. All that is known of a
        subject, over repeats and windows, must be in one value.
    n_permutations : int, default=10_000
        Random swaps; the observed labelling counts as one more.
    rng : Generator or int, default=None
        As ``numpy.random.default_rng`` takes it.

    Returns
    -------
    float
        Share of labellings whose difference is at least as far from 0 as the observed one; never
        0, and 1 where all contributions are 0.
    """
    rng = np.random.default_rng(rng)
    weights = np.asarray(contributions, dtype=np.float64)
    missing = np.flatnonzero(~np.isfinite(weights))
    if len(missing):
        raise ValueError(f"The contribution of subject {missing[0]} is {weights[missing[0]]}.")
    weights = weights[weights != 0]
    threshold = abs(weights.sum()) - _ROUNDING * np.abs(weights).sum()
    n_reached = 1
    for start in range(0, n_permutations, _BLOCK):
        size = (min(_BLOCK, n_permutations - start), len(weights))
        signs = 2.0 * rng.integers(0, 2, size, dtype=np.int8) - 1
        n_reached += int(np.sum(np.abs(signs @ weights) >= threshold))
    return n_reached / (n_permutations + 1)


def draw_counts(strata, n_draws, rng):
    """Draw subjects with replacement, stratum by stratum: how much each counts in each draw [1]_.

    Of a stratum's n subjects n - 1 are drawn, each of which counts n / (n - 1): draws of n would
    vary too little, by half the variance where there are two. One alone counts 1 in each draw;
    where all are alone, nothing is known of how they vary, and counts are NaN.
    Shapes: strata (n_subjects,); returned (n_draws, n_subjects).

    References
    ----------
    .. [1] J. N. K. Rao, C. F. J. Wu. "Resampling Inference with Complex Survey Data", Journal of
       the American Statistical Association 83, 1988.
    """
    strata = np.unique(strata, return_inverse=True)[1]
    n_strata = strata.max() + 1
    counts = np.full((n_draws, len(strata)), np.nan if n_strata == len(strata) else 1.0)
    for stratum in range(n_strata):
        mine = np.flatnonzero(strata == stratum)
        n = len(mine)
        if n > 1:
            counts[:, mine] = rng.multinomial(n - 1, np.full(n, 1 / n), n_draws) * (n / (n - 1))
    return counts


def standardize(values):
    """Return values in standard deviations from their mean; NaN where all are equal."""
    values = np.asarray(values, dtype=np.float64)
    if len(values) == 0 or np.ptp(values) == 0:
        return np.full(len(values), np.nan)
    return (values - values.mean()) / values.std()


def sum_of_squares(values):
    """Return the sum of squared distances from the mean; NaN where all values are equal."""
    # The mean of equal values may be off by a bit.
    return np.sum((values - values.mean()) ** 2) if np.ptp(values) > 0 else np.nan


def less_site_means(values, sites):
    """Return values less the mean of their site; 0 to the bit where they are equal there."""
    values, sites = np.asarray(values, dtype=np.float64), np.asarray(sites)
    distances = np.zeros(len(values))
    for site in dict.fromkeys(sites.tolist()):
        mine = values[sites == site]
        if np.ptp(mine) > 0:
            distances[sites == site] = mine - mine.mean()
    return distances


def ratio(part, whole):
    """Return part / whole, NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


def drawn_squares(values, counts):
    """Return the sum of squared distances from the mean in each draw; 0 but for rounding is 0."""
    squares = counts @ values**2
    distances = squares - (counts @ values) ** 2 / counts.sum(axis=1)
    return np.where(distances > _ROUNDING * squares, distances, 0)


def holm(p):
    """Correct p values for their number by Holm's step-down method; NaN stays and counts not."""
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p)[: np.sum(~np.isnan(p))]
    corrected = np.full(len(p), np.nan)
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1)
    return corrected


def effective_number(values, families=None, level=None):
    """Return how many independent rows tell the mean as well as rows of families do [1]_.

    It is the number of rows by what their families multiply the variance of the mean with, and
    never more than there are. Of equal rows nothing is known: there each family counts as one.
    For an interval of a level they are fewer, as few families do not tell that factor well [2]_.
    Shapes: values, families (n_rows,).

    References
    ----------
    .. [1] L. Kish. "Survey Sampling", Wiley 1965: the design effect.
    .. [2] E. L. Korn, B. I. Graubard. "Confidence Intervals for Proportions with Small Expected
       Number of Positive Counts Estimated from Survey Data", Survey Methodology 24, 1998.
    """
    codes = _codes(families, len(values))
    n_families = len(np.unique(codes))
    if n_families in (1, len(values)) or np.ptp(values) == 0:
        return n_families
    deviations = values - np.mean(values)
    sums = np.bincount(codes, deviations)
    effect = np.square(sums).sum() / np.square(deviations).sum()
    n_effective = len(values) / max(effect, 1)
    if level is None:
        return n_effective
    of_rows, of_families = student.isf((1 - level) / 2, [len(values) - 1, n_families - 1])
    return n_effective * (of_rows / of_families) ** 2


def _codes(families, n_rows):
    """Return the number of each row's family; without families each row is one."""
    return np.arange(n_rows) if families is None else np.unique(families, return_inverse=True)[1]


def wilson_interval(rate, n, level=0.95):
    """Return Wilson's interval of a proportion, NaN without subjects.

    A rate that is a mean over repeats may lie between the multiples of 1 / n, and n may be an
    :func:`effective_number`. The rate itself is inside, whatever the rounding.
    """
    if n == 0:
        return np.nan, np.nan
    z = norm.isf((1 - level) / 2)
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + (z / (2 * n)) ** 2)
    low, high = min(centre - half, rate), max(centre + half, rate)
    return max(float(low), 0.0), min(float(high), 1.0)


def mean_interval(rates, sizes, level=0.95, correlations=None):
    """Return an interval of the mean of rates, from Wilson's interval of each [1]_.

    Rates are independent, or correlate as told [2]_. Shapes: rates, sizes (n_rates,);
    correlations (n_rates, n_rates).

    References
    ----------
    .. [1] R. G. Newcombe. "Interval Estimation for the Difference Between Independent
       Proportions", Statistics in Medicine 17, 1998: squares of the distances add.
    .. [2] G. Y. Zou, A. Donner. "Construction of Confidence Limits About Effect Measures",
       Statistics in Medicine 27, 2008.
    """
    rates = np.asarray(rates)
    correlations = np.eye(len(rates)) if correlations is None else correlations
    bounds = np.array([wilson_interval(*pair, level) for pair in zip(rates, sizes, strict=True)])
    squares = [side @ correlations @ side for side in np.abs(bounds.T - rates)]
    below, above = np.sqrt(np.maximum(squares, 0)) / len(rates)
    return float(rates.mean() - below), float(rates.mean() + above)


def family_correlations(deviations, families):
    """Return how means of several sets of rows correlate, 0 where no family has rows in both.

    Shapes: each of deviations (from the mean of the set) and families (n_rows of the set,);
    returned (n_sets, n_sets).
    """
    codes = np.unique(np.concatenate(families), return_inverse=True)[1]
    sets = np.repeat(np.arange(len(deviations)), [*map(len, deviations)])
    sums = np.zeros((len(deviations), len(codes)))
    np.add.at(sums, (sets, codes), np.concatenate(deviations))
    errors = np.sqrt(np.square(sums).sum(axis=1))
    correlations = np.nan_to_num(ratio(sums @ sums.T, np.outer(errors, errors)))
    np.fill_diagonal(correlations, 1)
    return correlations


def auc_placements(y, score):
    """Return each subject's share of the other class that it is on the right side of.

    Ties count half. AUC is the mean over the positive, and that over the negative subjects; NaN
    where a class is missing.
    """
    y, ranks = np.asarray(y, bool), rankdata(score)
    placements = np.full(len(y), np.nan)
    if y.any() and not y.all():
        placements[y] = (ranks[y] - rankdata(ranks[y])) / np.sum(~y)
        placements[~y] = 1 - (ranks[~y] - rankdata(ranks[~y])) / np.sum(y)
    return placements


def auc_deviations(y, placements, families=None):
    """Return what each row adds to the error of AUC, or of a difference of two AUC.

    Their squares add up to DeLong's variance, and the squares of their sums over families to
    Obuchowski's [1]_; NaN below two families of a class.

    References
    ----------
    .. [1] N. A. Obuchowski. "Nonparametric Analysis of Clustered ROC Curve Data", Biometrics 53,
       1997.
    """
    y, deviations = np.asarray(y, bool), np.full(len(y), np.nan)
    codes = _codes(families, len(y))
    for part in (y, ~y):
        n, n_families = part.sum(), len(np.unique(codes[part]))
        if n_families > 1:
            centred = placements[part] - placements[part].mean()
            deviations[part] = centred / np.sqrt(n * n * (n_families - 1) / n_families)
    return deviations


def auc_interval(y, placements, level=0.95, families=None):
    r"""Return DeLong's interval of AUC [1]_, on the scale of the logit.

    Rows of a family count together, as in :func:`auc_deviations`. NaN below two families of a
    class. Perfect or constant scores have no variance: theirs is Wilson's interval for as many
    families as the smaller class has.

    References
    ----------
    .. [1] E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson. "Comparing the Areas under Two or More
       Correlated Receiver Operating Characteristic Curves", Biometrics 44, 1988.
    """
    y, placements = np.asarray(y, bool), np.asarray(placements, dtype=np.float64)
    smaller = _smallest((y, ~y), families)
    if smaller < 2:
        return np.nan, np.nan
    deviations = _by_family(auc_deviations(y, placements, families), families)
    return logit_interval(placements[y].mean(), deviations, smaller, level)


def stratified_auc(y, score, strata, families=None):
    """Return AUC over pairs of one stratum, and what each row adds to its error.

    Strata are independent, and each adds as :func:`auc_deviations` has it. A family that is alone
    of its class in a stratum adds its distance from the AUC of all. NaN where there are no pairs.
    Shapes: y, score, strata, families (n_rows,); the second returned (n_rows,).
    """
    y, codes = np.asarray(y, bool), _codes(families, len(y))
    parts = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    parts = [part for part in parts if 0 < np.sum(y[part]) < len(part)]
    n_pairs = np.array([np.sum(y[part]) * np.sum(~y[part]) for part in parts])
    placements = [auc_placements(y[part], score[part]) for part in parts]
    areas = [placed[y[part]].mean() for placed, part in zip(placements, parts, strict=True)]
    area = np.sum(n_pairs * areas) / np.sum(n_pairs) if parts else np.nan
    deviations = np.zeros(len(y))
    for part, placed, n in zip(parts, placements, n_pairs, strict=True):
        known = auc_deviations(y[part], placed, codes[part])
        alone = (placed - area) / np.where(y[part], np.sum(y[part]), np.sum(~y[part]))
        deviations[part] = unless_alone(known, alone) * n / np.sum(n_pairs)
    return area, deviations


def unless_alone(deviations, distances):
    """Return deviations; of who is alone, whose spread is not known, the distance instead."""
    return np.where(np.isnan(deviations), distances, deviations)


def _smallest(members, families):
    """Return the number of families of the smallest class."""
    return min(len(np.unique(_codes(families, len(mine))[mine])) for mine in members)


def _by_family(deviations, families):
    return np.bincount(_codes(families, len(deviations)), deviations)


def macro_auc(members, placements, level=0.95, families=None):
    """Return the mean of each class's AUC against all others, and its interval as DeLong's.

    What a row adds to the error of the mean is the mean of what it adds to each area's. NaN below
    two families of a class. Shapes: each of members and placements (n_rows,).
    """
    members = list(members)
    pairs = list(zip(members, placements, strict=True))
    area = np.mean([placed[mine].mean() if mine.any() else np.nan for mine, placed in pairs])
    smallest = _smallest(members, families)
    if smallest < 2:
        return area, (np.nan, np.nan)
    deviations = np.mean([auc_deviations(*pair, families) for pair in pairs], axis=0)
    return area, logit_interval(area, _by_family(deviations, families), smallest, level)


def logit_interval(auc, deviations, smaller, level=0.95):
    """Return the interval of an AUC on the scale of the logit, from what families add to its error.

    Without error it is Wilson's, for as many families as the smaller class has.
    """
    error = np.sqrt(np.square(deviations).sum())
    if error < _ROUNDING:
        return wilson_interval(auc, smaller, level)
    half = norm.isf((1 - level) / 2) * error / (auc * (1 - auc))
    low, high = 1 / (1 + np.exp(-(np.log(auc / (1 - auc)) + np.array([-half, half]))))
    return float(low), float(high)


def interval_of_draws(drawn, level):
    """Return the interval of a metric over the draws where it is defined; NaN where in none."""
    drawn = drawn[~np.isnan(drawn)]
    tails = (1 - level) / 2, (1 + level) / 2
    return tuple(np.quantile(drawn, tails)) if len(drawn) else (np.nan, np.nan)


def brier(y, score):
    """Return each subject's squared error of the probability; the Brier score is their mean."""
    return np.square(np.asarray(score, float) - np.asarray(y, bool))


def calibration_bins(y, score, n_bins=10):
    """Count how often subjects of about the same probability are positive.

    In each of the bins of equal width: the number of subjects, their mean probability and the
    share of the positive, NaN where there are none. A probability on an edge is in the upper bin,
    1 in the last.
    """
    score = np.asarray(score, float)
    # Rounded, or 0.3 * 10 could be below 3.
    bins = np.floor(np.round(score * n_bins, 9)).astype(int).clip(0, n_bins - 1)
    n_subjects = np.bincount(bins, minlength=n_bins)
    scores, positives = (np.bincount(bins, weights, n_bins) for weights in (score, y))
    with np.errstate(invalid="ignore"):
        return n_subjects, scores / n_subjects, positives / n_subjects


def calibration_error(y, score, n_bins=10):
    """Return the expected calibration error: the mean distance of probability and share.

    Small samples raise it.
    """
    n_subjects, mean_score, share_positive = calibration_bins(y, score, n_bins)
    return float(np.nansum(n_subjects * np.abs(mean_score - share_positive)) / n_subjects.sum())
