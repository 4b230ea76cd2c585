"""Models whose memberships are drawn."""

import numpy as np

from _stubs import Noise


class Planted(Noise):
    """Noise with a membership of as many ROIs as the scans have."""

    def fit(self, X, y, groups=None, validation=None):
        super().fit(X, y)
        rng = np.random.default_rng(self.random_state)
        self.membership_ = rng.uniform(size=(np.shape(X[0])[-1], 3))
        self.membership_[:, 2] = 0
        self.influence_ = np.arange(3.0)
        return self


class Several(Planted):
    """Noise of four nets."""

    def fit(self, X, y, groups=None, validation=None):
        super().fit(X, y)
        rng = np.random.default_rng(self.random_state)
        self.memberships_ = [self.membership_, *rng.gamma(0.2, size=(3, *self.membership_.shape))]
        self.influences_ = [self.influence_] * 4
        return self


class Without(Noise):
    """Noise without memberships."""

    def fit(self, X, y, groups=None, validation=None):
        super().fit(X, y)
        del self.membership_, self.influence_
        return self
