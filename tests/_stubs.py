"""Classifiers that tell what they were given."""

import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state

# A training by the paper's steps: windows as they are, the loss at the last point, a constant rate.
STEPS = {"augment": None, "generate_at": "last", "lr": 1e-3, "lr_schedule": None}
STEPS |= {"dropout": 0.5, "discriminative_weight": 0.1}


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what every fit and predict saw, in one list per name."""

    seen = {}

    def __init__(self, name="recorder", random_state=None):
        self.name = name
        self.random_state = random_state

    def fit(self, X, y, groups=None, validation=None):
        """Record."""
        self.classes_ = np.unique(y)
        self.call_ = {"fit": X, "y": y, "groups": groups, "validation": validation}
        self.seen.setdefault(self.name, []).append(self.call_)
        return self

    def predict_proba(self, X):
        """Record."""
        self.call_["predict"] = X
        return np.full((len(X), 2), 0.5)


class WithoutMask(Recorder):
    """A recorder whose fit takes neither groups nor a mask."""

    def fit(self, X, y):
        """Record."""
        return super().fit(X, y)


class Noise(ClassifierMixin, BaseEstimator):
    """Learns nothing but draws numbers; slow, and counts its fits in a file."""

    def __init__(self, scale=1.0, seconds=0.0, log=None, random_state=None):
        self.scale = scale
        self.seconds = seconds
        self.log = log
        self.random_state = random_state

    def fit(self, X, y, groups=None, validation=None):
        """Draw a membership and a history."""
        time.sleep(self.seconds)
        if self.log is not None:
            with Path(self.log).open("a") as log:
                log.write("fit\n")
        rng = check_random_state(self.random_state)
        self.classes_ = np.unique(y)
        self.membership_ = rng.uniform(size=(5, 2)) * self.scale  # whatever X has
        self.influence_ = rng.uniform(size=2)
        self.history_ = {"train_loss": rng.uniform(size=3)}
        self.n_iter_, self.best_epoch_ = 3, 2
        self.weights_ = rng.normal(size=np.shape(X[0])[-1])
        return self

    def predict_proba(self, X):
        """Score the mean over time points."""
        score = 1 / (1 + np.exp(-np.array([np.mean(x, axis=0) @ self.weights_ for x in X])))
        return np.column_stack([1 - score, score])[:, -len(self.classes_) :]
