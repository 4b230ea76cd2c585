"""Statistics against scipy, scikit-learn and brute force, and where nothing differs."""

from functools import partial
from itertools import product

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss, roc_auc_score

from sklearn_lstmdg.evaluation import _statistics as statistics


def test_paired_t_is_scipys():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.3, 1, 40), rng.normal(size=40)
    wanted = stats.ttest_rel(a, b, alternative="greater")
    assert statistics.paired_t(a - b) == pytest.approx((wanted.statistic, 39, wanted.pvalue))


def test_corrected_t_of_one_site():
    d = np.array([0.1, 0.0, 0.2, -0.1, 0.3])
    t, df, p = statistics.corrected_resampled_t(d, n_train=80, n_test=10)
    wanted = d.mean() / np.sqrt((1 / 5 + 1 / 8) * d.var(ddof=1))
    assert (t, df, p) == pytest.approx((wanted, 4, 2 - 2 * stats.t.cdf(wanted, 4)))
    assert statistics.corrected_resampled_t(-d, 80, 10) == pytest.approx((-wanted, 4, p))


def test_corrected_t_of_sites_of_different_sizes():
    sites = [np.array([0.1, 0.0, 0.2, -0.1]), np.array([0.3, 0.2, 0.25])]
    t, df, p = statistics.corrected_resampled_t(sites, n_train=[80, 40], n_test=[10, 20])
    variances = [(1 / 4 + 1 / 8) * sites[0].var(ddof=1), (1 / 3 + 1 / 2) * sites[1].var(ddof=1)]
    wanted = (0.05 + 0.25) / 2 / np.sqrt(sum(variances) / 4)
    assert (t, df, p) == pytest.approx((wanted, 5, 2 * stats.t.sf(wanted, 5)))


def test_t_of_differences_without_variance():
    of_folds = partial(statistics.corrected_resampled_t, n_train=8, n_test=1)
    for test in (statistics.paired_t, of_folds):
        assert test(np.zeros(10)) == (0, 9, 1)
        for constant in (0.5, -0.5, 0.1 + 0.2 - 0.3, 1 / 3):
            assert np.isnan(test(np.full(7, constant))[::2]).all(), "the spread is not known"
        assert np.isnan(test([0.5])[2]) and np.isnan(test([0.0])[2])
    assert np.isnan(statistics.corrected_resampled_t([[0.1, 0.2], [0.3]], 8, 1)[2])


def test_missing_contributions_are_refused():
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=f"contribution of subject 1 is {bad}"):
            statistics.paired_permutation([0.1, bad, 0.2], 9)


def draw_fold_differences(rng, n_runs, n_sites, n_folds=10, rho=1 / 9):
    """Differences of mean 0 whose folds correlate as their training sets overlap."""
    shared = rng.normal(size=(n_runs, n_sites, 1))
    own = rng.normal(size=(n_runs, n_sites, n_folds))
    return np.sqrt(rho) * shared + np.sqrt(1 - rho) * own


@pytest.mark.parametrize("n_sites", [1, 4])
def test_the_correction_holds_its_level_and_the_naive_test_does_not(n_sites):
    runs = draw_fold_differences(np.random.default_rng(0), 1000, n_sites)
    naive = [statistics.paired_t(run.ravel())[2] < 0.05 for run in runs]
    corrected = [statistics.corrected_resampled_t(list(run), 8, 1)[2] < 0.05 for run in runs]
    # Standard error of 5 % in 1000 runs: 0.7 %. The naive t is 1.5 times too large: 12 to 14 %.
    assert 0.03 < np.mean(corrected) < 0.07
    assert np.mean(naive) > 0.10


def swap(swapped, a, b):
    return np.where(swapped, b, a), np.where(swapped, a, b)


def test_auc_contributions_are_the_swaps_of_the_ranks():
    rng = np.random.default_rng(0)
    y = np.array([1, 0, 1, 1, 0, 0], bool)
    a, b = rng.integers(0, 5, 6) / 4 + y, np.exp(10 * rng.normal(size=6))
    contributions = statistics.auc_contributions(y, a, b)
    ranks = stats.rankdata(a), stats.rankdata(b)
    for swapped in product([False, True], repeat=6):
        mixed = swap(swapped, *ranks)
        wanted = roc_auc_score(y, mixed[0]) - roc_auc_score(y, mixed[1])
        assert np.where(swapped, -1, 1) @ contributions == pytest.approx(wanted)
    assert contributions.sum() == pytest.approx(roc_auc_score(y, a) - roc_auc_score(y, b))


def test_rate_contributions_add_up_to_the_difference():
    y = np.array([1, 1, 1, 0, 0], bool)
    hits_a, hits_b = np.array([1, 1, 0, 1, 1], bool), np.array([0, 1, 1, 0, 1], bool)
    of = statistics.rate_contributions
    assert of(hits_a, hits_b, np.ones(5, bool)).sum() == pytest.approx(4 / 5 - 3 / 5)
    assert of(hits_a, hits_b, ~y).tolist() == [0, 0, 0, 0.5, 0]
    assert np.isnan(of(hits_a, hits_b, np.zeros(5, bool))).all()
    assert np.isnan(statistics.auc_contributions([1, 1], [0.1, 0.2], [0.2, 0.1])).all()


def test_permutation_finds_the_exact_p():
    """With values of one size the sign test is binomial; scipy's has the same alternative."""
    d = np.array([1] * 12 + [-1] * 4 + [0] * 20) / 36
    p = statistics.paired_permutation(d, n_permutations=40_000, rng=0)
    exact = stats.binomtest(12, 16).pvalue
    assert p == pytest.approx(exact, abs=4 * np.sqrt(exact / 40_000))
    uneven = np.random.default_rng(1).normal(0.4, 1, 12)
    wanted = stats.permutation_test(
        (uneven,), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    p = statistics.paired_permutation(uneven, n_permutations=40_000, rng=0)
    assert p == pytest.approx(wanted, abs=4 * np.sqrt(wanted / 40_000))


@pytest.mark.parametrize("n_permutations", [999, 1000, 1500])
def test_as_many_labellings_are_drawn_as_asked_for(n_permutations):
    # A single subject's labellings are all as far from 0.
    assert statistics.paired_permutation([0.3], n_permutations, rng=0) == 1


def test_permutation_is_seeded_and_never_zero():
    d = np.random.default_rng(0).normal(0.1, 1, 50)
    of = statistics.paired_permutation
    assert of(d, 500, 3) == of(d, 500, 3) != of(d, 500, 4)
    assert of(np.ones(100), 999, 0) == of(-np.ones(100), 999, 0) == 1 / 1000
    assert of(np.zeros(10), 999, 0) == 1
    assert of(-d, 500, 3) == of(d, 500, 3)


def test_permutation_holds_its_level():
    """Two models of equal accuracy and equal AUC, their errors correlated."""
    rng = np.random.default_rng(0)
    n_runs, y, rejected = 400, np.arange(60) % 2 == 0, []
    for _ in range(n_runs):
        shared, a, b = rng.normal(size=(3, 60)) + 0.4 * y
        a, b = a + shared, np.exp(b + shared)
        hits = (a > 0.4) == y, (b > np.exp(0.4)) == y
        of_rates = statistics.rate_contributions(*hits, np.ones(60))
        of_auc = statistics.auc_contributions(y, a, b)
        p = [statistics.paired_permutation(d, 499, rng) for d in (of_rates, of_auc)]
        rejected.append(np.less_equal(p, 0.05))
    # Standard error of 5 % in 400 runs: 1.1 %. Ties make the test of accuracy conservative.
    rates, auc = np.mean(rejected, axis=0)
    assert rates < 0.08
    assert 0.02 < auc < 0.08


def test_squares_of_draws_are_those_of_the_drawn_values():
    values = np.array([0.3, -1.2, 2.5, 0.4])
    counts = np.array([[1, 1, 1, 1], [0, 2, 1, 1], [0, 0, 4, 0]])
    drawn = [np.repeat(values, count) for count in counts]
    wanted = [4 * each.var() for each in drawn]
    assert statistics.drawn_squares(values, counts) == pytest.approx(wanted)
    assert statistics.sum_of_squares(drawn[1]) == pytest.approx(wanted[1])
    assert np.isnan(statistics.sum_of_squares(drawn[2]))


def test_draws_keep_the_size_of_each_stratum():
    strata = np.array([3, 1, 3, 3, 7])
    counts = statistics.draw_counts(strata, 3000, np.random.default_rng(0))
    for stratum, n in ((3, 3), (1, 1), (7, 1)):
        np.testing.assert_allclose(counts[:, strata == stratum].sum(axis=1), n)
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.1)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_means_of_draws_vary_as_means_do(n):
    """By s2 / n; draws of n from n would vary by half of it where there are two."""
    values = np.random.default_rng(1).normal(size=n)
    drawn = statistics.draw_counts(np.zeros(n), 20_000, np.random.default_rng(0)) @ values / n
    assert drawn.var() == pytest.approx(values.var(ddof=1) / n, rel=0.05)
    assert drawn.mean() == pytest.approx(values.mean(), abs=0.02)


def test_draws_of_subjects_that_are_all_alone_tell_nothing():
    """Each draw would hold all of them: an interval without width, as if all were known."""
    assert np.isnan(statistics.draw_counts(np.arange(3), 5, np.random.default_rng(0))).all()
    assert np.isnan(statistics.draw_counts(np.zeros(1), 5, np.random.default_rng(0))).all()


def test_holm_of_a_worked_example():
    # Sorted: 0.01 * 4, 0.02 * 3, 0.03 * 2 (kept at 0.06), 0.5 * 1.
    p = [0.02, 0.5, np.nan, 0.01, 0.03]
    np.testing.assert_allclose(statistics.holm(p), [0.06, 0.5, np.nan, 0.04, 0.06])
    np.testing.assert_allclose(statistics.holm([0.6, 0.7]), [1, 1])
    assert np.isnan(statistics.holm([np.nan])).all()


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (7, 18), (132, 184)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_is_scipys(hits, n, level):
    wanted = stats.binomtest(hits, n).proportion_ci(level, method="wilson")
    told = statistics.wilson_interval(hits / n, n, level)
    assert told == pytest.approx((wanted.low, wanted.high), abs=1e-12)
    assert np.isnan(statistics.wilson_interval(np.nan, 0)).all()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_wilson_holds_the_rate_whatever_the_rounding(rate):
    for n in range(1, 200):
        low, high = statistics.wilson_interval(rate, n)
        assert 0 <= low <= rate <= high <= 1


def test_balanced_interval_of_a_worked_example():
    """Newcombe's interval of TPR - FPR, method 10, halved and shifted."""
    tpr, tnr = stats.binomtest(15, 20), stats.binomtest(24, 30)
    (l1, u1), (l2, u2) = (test.proportion_ci(method="wilson") for test in (tpr, tnr))
    below, above = np.hypot(0.75 - l1, 0.8 - l2) / 2, np.hypot(u1 - 0.75, u2 - 0.8) / 2
    told = statistics.mean_interval((0.75, 0.8), (20, 30))
    assert told == pytest.approx((0.775 - below, 0.775 + above))
    assert statistics.mean_interval((1, 1), (20, 30))[1] == 1
    assert np.isnan(statistics.mean_interval((np.nan, 0.8), (0, 30))).all()


def test_rates_that_go_together_tell_less_of_their_mean():
    rates, sizes = (0.75, 0.75), (20, 20)
    wanted = {1: statistics.wilson_interval(0.75, 20), 0: statistics.mean_interval(rates, sizes)}
    wanted[-1] = (0.75, 0.75)
    for rho, interval in wanted.items():
        told = statistics.mean_interval(rates, sizes, 0.95, np.array([[1, rho], [rho, 1]]))
        assert told == pytest.approx(interval)


def test_sets_correlate_by_their_families():
    a, b, c = np.array([[0.5, -0.5, 0.0], [0.5, -0.5, 0.0], [0.2, -0.1, -0.1]])
    alike, crossed, apart = ["x", "y", "z"], ["y", "x", "z"], ["u", "v", "w"]
    told = statistics.family_correlations([a, b, b, c], [alike, alike, crossed, apart])
    wanted = [[1, 1, -1, 0], [1, 1, -1, 0], [-1, -1, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(told, wanted)
    assert (statistics.family_correlations([a, 0 * b], [alike, alike]) == np.eye(2)).all()


@pytest.mark.parametrize(
    ("values", "families", "wanted"),
    [
        ([1, 0, 1, 0], [0, 1, 2, 3], 4),
        ([1, 1, 0, 0], [0, 0, 1, 1], 2),
        ([1, 0, 1, 0], [0, 0, 1, 1], 4),  # what differs within a family is worth no more than rows
        ([1, 1, 1, 1], [5, 5, 7, 7], 2),
        ([1, 0, 1], [0, 0, 0], 1),
        ([], [], 0),
        ([1, 1, 0, 1], ["a", "a", "a", "b"], 4 * 0.75 / 0.125),
    ],
)
def test_rows_of_a_family_are_worth_fewer(values, families, wanted):
    told = statistics.effective_number(np.array(values, float), families)
    assert told == pytest.approx(min(wanted, len(values)))


def test_intervals_of_few_families_cover():
    """Families of one to five rows; by the design effect alone 92 of 100 intervals cover."""
    rng, covered = np.random.default_rng(0), []
    for _ in range(1500):
        families = np.repeat(np.arange(10), rng.integers(1, 6, 10))
        latent = rng.normal(size=10)[families] + 0.7 * rng.normal(size=len(families))
        share = rng.uniform(0.5, 0.9)
        hits = (latent < stats.norm.ppf(share) * np.sqrt(1.49)) * 1.0
        n = [statistics.effective_number(hits, families, level) for level in (None, 0.95)]
        intervals = [statistics.wilson_interval(hits.mean(), each) for each in n]
        covered.append([low <= share <= high for low, high in intervals])
    # Standard error of 95 % in 1500 studies: 0.6 %.
    design_effect, told = np.mean(covered, axis=0)
    assert design_effect < 0.925 < 0.935 < told


def test_placements_are_shares_of_pairs():
    rng = np.random.default_rng(0)
    y, score = np.arange(15) % 3 == 0, rng.integers(0, 4, 15)
    placements = statistics.auc_placements(y, score)
    wins = np.mean(np.sign(score[y][:, None] - score[~y]) + 1, axis=1) / 2
    np.testing.assert_allclose(placements[y], wins)
    for part in (y, ~y):
        assert placements[part].mean() == pytest.approx(roc_auc_score(y, score))
    assert np.isnan(statistics.auc_placements([1, 1], [0.1, 0.2])).all()


def test_auc_interval_is_delongs_on_the_logit_scale():
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2 == 0
    score = rng.normal(size=40) + y
    kernel = (np.sign(score[y][:, None] - score[~y]) + 1) / 2
    auc = kernel.mean()
    variance = kernel.mean(1).var(ddof=1) / 20 + kernel.mean(0).var(ddof=1) / 20
    half = stats.norm.ppf(0.975) * np.sqrt(variance) / (auc * (1 - auc))
    logit = np.log(auc / (1 - auc))
    wanted = 1 / (1 + np.exp(-(logit - half))), 1 / (1 + np.exp(-(logit + half)))
    told = statistics.auc_interval(y, statistics.auc_placements(y, score))
    assert told == pytest.approx(wanted)


def test_auc_of_strata_adds_delongs_errors():
    rng = np.random.default_rng(0)
    strata = np.repeat(["A", "B", "C"], [30, 12, 5])
    y, score = np.arange(47) % 3 == 0, rng.normal(size=47)
    y[strata == "C"] = False  # no pair
    area, deviations = statistics.stratified_auc(y, score, strata)
    areas, variances, n_pairs = [], [], []
    for name in "AB":
        kernel = np.sign(score[y & (strata == name)][:, None] - score[~y & (strata == name)])
        kernel = (kernel + 1) / 2
        areas.append(kernel.mean())
        variances.append(kernel.mean(1).var(ddof=1) / len(kernel))
        variances[-1] += kernel.mean(0).var(ddof=1) / kernel.shape[1]
        n_pairs.append(kernel.size)
    weights = np.array(n_pairs) / np.sum(n_pairs)
    assert area == pytest.approx(weights @ areas)
    assert np.square(deviations).sum() == pytest.approx(weights**2 @ variances)


def test_who_is_alone_of_a_class_at_a_site_is_not_certain():
    rng = np.random.default_rng(0)
    strata = np.repeat(np.arange(20), 12)
    y, errors, areas = np.arange(240) % 12 == 0, [], []
    for _ in range(200):
        area, deviations = statistics.stratified_auc(y, rng.normal(size=240) + y, strata)
        areas.append(area)
        errors.append(np.square(deviations).sum())
    assert np.mean(errors) == pytest.approx(np.var(areas), rel=0.25)


def test_auc_interval_covers():
    rng = np.random.default_rng(0)
    y, truth, covered = np.arange(60) % 2 == 0, stats.norm.cdf(1 / np.sqrt(2)), []
    for _ in range(500):
        placements = statistics.auc_placements(y, rng.normal(size=60) + y)
        low, high = statistics.auc_interval(y, placements)
        covered.append(low <= truth <= high)
    assert 0.92 < np.mean(covered) < 0.98


def test_auc_interval_without_variance():
    y = np.repeat([True, False], [5, 20])

    def interval(score):
        return statistics.auc_interval(y, statistics.auc_placements(y, score))

    wanted = stats.binomtest(5, 5).proportion_ci(method="wilson")
    assert interval(y * 1.0) == pytest.approx((wanted.low, 1))
    assert interval(y * -1.0) == pytest.approx((0, 1 - wanted.low))
    low, high = interval(np.zeros(25))
    assert low < 0.2 and high > 0.8
    assert np.isnan(statistics.auc_interval([1, 0, 0], [1, 1, 1])).all()


def test_calibration_of_a_hand_counted_case():
    y = [0, 0, 1, 1, 1]
    score = [0.1, 0.3, 0.3, 0.75, 1.0]
    n, mean_score, share = statistics.calibration_bins(y, score, n_bins=4)
    assert n.tolist() == [1, 2, 0, 2]
    np.testing.assert_allclose(mean_score, [0.1, 0.3, np.nan, 0.875])
    np.testing.assert_allclose(share, [0, 0.5, np.nan, 1])
    error = (1 * 0.1 + 2 * 0.2 + 2 * 0.125) / 5
    assert statistics.calibration_error(y, score, n_bins=4) == pytest.approx(error)
    assert statistics.brier(y, score).mean() == pytest.approx(brier_score_loss(y, score))


def test_probabilities_on_an_edge_are_in_the_upper_bin():
    edges = np.arange(101) / 100
    n, _, _ = statistics.calibration_bins(np.zeros(101), edges, n_bins=100)
    assert n.tolist() == [1] * 99 + [2]
