"""Metrics as tests and draws need them: what each subject adds to two models' difference.

Each has ``contributions(pairs)``, what each row adds to the difference of two models, NaN where the
metric is undefined, and ``drawn(pairs, counts)``, that difference in draws which hold rows
repeatedly. Shapes: pairs of n_rows; counts (n_draws, n_rows).
"""

import numpy as np

from . import _statistics as statistics


class Rates:
    """Mean of rates of hits, each among some of the subjects."""

    def __init__(self, among):
        self.among = among

    def contributions(self, pairs):
        """Return what each row adds to the difference."""
        y, hits = _hits(pairs)
        return np.mean([statistics.rate_contributions(*hits, a(y)) for a in self.among], axis=0)

    def drawn(self, pairs, counts):
        """Return the difference in each draw."""
        y, (hits_a, hits_b) = _hits(pairs)
        gained = hits_a * 1.0 - hits_b
        weights = (counts * among(y) for among in self.among)
        rates = [statistics.ratio(each @ gained, each.sum(axis=1)) for each in weights]
        return np.mean(rates, axis=0)


def _hits(pairs):
    y = pairs["y"].to_numpy()
    return y, [pairs[f"predicted_{which}"].to_numpy() == y for which in "ab"]


class Areas:
    """Mean of AUC, each of a label against all others, by the scores in a column."""

    def __init__(self, columns):
        self.columns = columns

    def each(self, pairs):
        """Yield each label's rows, and both models' scores of it."""
        for label, column in self.columns.items():
            scores = (pairs[f"{column}_{which}"].to_numpy() for which in "ab")
            yield pairs["y"].to_numpy() == label, *scores

    def contributions(self, pairs):
        """Return what each row adds to the difference."""
        return np.mean([statistics.auc_contributions(*each) for each in self.each(pairs)], axis=0)

    def drawn(self, pairs, counts):
        """Return the difference in each draw."""
        return np.mean([_drawn_area(*each, counts) for each in self.each(pairs)], axis=0)

    def deviations(self, pairs):
        """Return what each row adds to the difference, and to its error by DeLong."""
        gains, deviations = [], []
        for y, *scores in self.each(pairs):
            a, b = (statistics.auc_placements(y, score) for score in scores)
            # The mean over a class is the difference of AUC; each class counts half.
            share = np.where(y, y.mean(), 1 - y.mean())
            gains.append((a - b) / (2 * share))
            known = statistics.auc_deviations(y, a - b)
            deviations.append(statistics.unless_alone(known, (a - b) / (share * len(y))))
        return np.mean(gains, axis=0), np.mean(deviations, axis=0)


def _drawn_area(y, a, b, counts):
    gained = statistics.wins(a[y], a[~y]) - statistics.wins(b[y], b[~y])
    return statistics.ratio(*statistics.pairs_in_draws(gained, y, counts))


class _OfNumbers:
    """A metric of predicted numbers; ``value`` gives it in each draw."""

    def contributions(self, pairs):
        """Return what each row adds to the difference."""
        return self.contribute(*_numbers(pairs))

    def drawn(self, pairs, counts):
        """Return the difference in each draw."""
        y, a, b = _numbers(pairs)
        return self.value(y, a, counts) - self.value(y, b, counts)


def _numbers(pairs):
    return (pairs[name].to_numpy() for name in ("y", "predicted_a", "predicted_b"))


class AbsoluteError(_OfNumbers):
    """Mean absolute error."""

    def deviations(self, pairs):
        """Return what each row adds to the difference, and to its standard error."""
        gains = self.contributions(pairs) * len(pairs)
        n = len(gains)
        with np.errstate(invalid="ignore"):
            known = (gains - gains.mean()) / np.sqrt(n * (n - 1))
        return gains, statistics.unless_alone(known, gains)

    def contribute(self, y, a, b):
        """Return each row's part in the difference."""
        return (np.abs(y - a) - np.abs(y - b)) / len(y)

    def value(self, y, predicted, counts):
        """Return the mean in each draw."""
        return counts @ np.abs(y - predicted) / counts.sum(axis=1)


class Correlation(_OfNumbers):
    """Pearson's r.

    Rows swap the predictions in units of each model's own standard deviation, as AUC's swap ranks.
    """

    def contribute(self, y, a, b):
        """Return each row's part in the difference."""
        y, a, b = map(statistics.standardize, (y, a, b))
        return y * (a - b) / len(y)

    def value(self, y, predicted, counts):
        """Return r in each draw."""
        both = statistics.standardize(y), statistics.standardize(predicted)
        products = np.prod([counts @ values for values in both], axis=0)
        covariance = counts @ np.prod(both, axis=0) - products / counts.sum(axis=1)
        squares = np.prod([statistics.drawn_squares(each, counts) for each in both], axis=0)
        return statistics.ratio(covariance, np.sqrt(squares))


class Determination(_OfNumbers):
    """R2: the share of the squared distances from the mean that predictions explain."""

    def contribute(self, y, a, b):
        """Return each row's part in the difference."""
        return ((y - b) ** 2 - (y - a) ** 2) / statistics.sum_of_squares(y)

    def value(self, y, predicted, counts):
        """Return R2 in each draw."""
        total = statistics.drawn_squares(y - y.mean(), counts)
        return 1 - statistics.ratio(counts @ (y - predicted) ** 2, total)
