"""Skorch's net around the network in torch, and the callbacks that the paper's training needs."""

import torch
from _torch_net import Net, loss
from sklearn.metrics import log_loss
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from skorch.helper import predefined_split


class JointNet(NeuralNet):
    """A net with the joint loss."""

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        """Return the paper's loss."""
        return loss(y_pred, y_true)


class Project(Callback):
    """Keep the weights non-negative."""

    def on_batch_end(self, net, training=False, **kwargs):
        """Project after every step."""
        if training:
            net.module_.project()


class SubjectLoss(Callback):
    """Record the cross-entropy of validation subjects, each the mean of its windows."""

    def on_epoch_begin(self, net, **kwargs):
        """Forget the last epoch's logits."""
        self.logits_ = []

    def on_batch_end(self, net, training=False, y_pred=None, **kwargs):
        """Keep the logits of validation windows."""
        if not training:
            self.logits_.append(y_pred[0])

    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        """Judge each subject's mean."""
        labels = dataset_valid.y.numpy()
        proba = torch.cat(self.logits_).sigmoid().reshape(len(labels), -1).mean(dim=1)
        net.history.record("subject_loss", log_loss(labels, proba.numpy(), labels=[0, 1]))


def make_net(batch_size, validation=None, max_epochs=1, **module):
    """Return a net that stops by its validation subjects, if it is given any."""
    stop = SubjectLoss(), EarlyStopping("subject_loss", patience=10, threshold=0, load_best=True)
    return JointNet(
        Net,
        torch.nn.MSELoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=batch_size,
        iterator_valid__batch_size=512,
        max_epochs=max_epochs,
        train_split=None if validation is None else predefined_split(validation),
        iterator_train__shuffle=True,
        callbacks=[Project(), *(() if validation is None else stop)],
        verbose=0,
        **{f"module__{name}": value for name, value in module.items()},
    )
