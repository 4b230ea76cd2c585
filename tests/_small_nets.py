"""Small nets, their weights, and scans in the forms that they read."""

import torch
from skorch.callbacks import Callback

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter

TINY = {"n_communities": 4, "n_units": 3, "max_epochs": 2, "random_state": 0}


class Spy(Callback):
    """Keeps the windows on each side of the split, and the weights before and after training."""

    def on_train_begin(self, net, **kwargs):
        self.before_ = weights_of(net.module_)

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        self.training_, self.validation_ = dataset_train, dataset_valid

    def on_epoch_end(self, net, **kwargs):
        self.last_ = weights_of(net.module_)


def make(*args, **params):
    return LSTMDGClassifier(*args, **TINY | params)


def weights_of(module):
    return torch.cat([w.detach().flatten().clone() for w in module.parameters()]).numpy()


def weights(model):
    return weights_of(model.net_.module_)


def bags_of(X, length=9, step=4, horizon=1):
    return SubsequenceAugmenter(length, step, horizon).fit_transform(X)


def ragged(X):
    return [scan[: 40 - 5 * (i % 3)] for i, scan in enumerate(X)]
