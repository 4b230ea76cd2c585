"""The networks of an estimator as one torch module that reads windows, batch first."""

from copy import deepcopy

import torch
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from ..network import ways_to_read
from ._reading import network_of


class WindowLogits(nn.Module):
    """A fitted classifier's logits of windows, for captum and whatever else explains a module.

    The modules inside ``net_`` read time first: windows given to them batch first are mistaken for
    time points, without an error. This one reads what the classifier reads, and answers as it does:
    the horizon is not read, and logits are means over ``n_nets`` and the ways of ``augment``.

    Parameters
    ----------
    estimator : LSTMDGClassifier, LSTMDGRegressor or Pipeline
        Fitted; a Pipeline's or search's last step is taken.

    Attributes
    ----------
    nets : ModuleList
        Copies of the networks, without dropout, whose weights need no gradient.

    Raises
    ------
    ValueError
        If the estimator ends in something else.

    See Also
    --------
    attribute : Attributions of whole scans.

    Notes
    -----
    It is always in evaluation mode, whatever ``train`` is told; but torch's LSTMs, which drop
    nothing here, stay in training mode, without which cuDNN has no gradient.

    Examples
    --------
    >>> import torch
    >>> from sklearn_lstmdg import LSTMDGClassifier
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.explain import WindowLogits
    >>> cohort = make_scans(n_subjects=20, n_timepoints=30, n_rois=12, random_state=0)
    >>> model = LSTMDGClassifier(n_communities=6, n_units=4, max_epochs=2, random_state=0)
    >>> module = WindowLogits(model.fit(cohort.data, cohort.target))
    >>> module(torch.from_numpy(cohort.data).float()).shape
    torch.Size([20, 1])
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        super().__init__()
        model = network_of(estimator)
        self.nets = nn.ModuleList(deepcopy(net.module_).cpu() for net in model.nets_)
        self._horizon, self._augment = model.horizon, model.augment or ()
        self._n_rois = model.n_features_in_
        self.requires_grad_(False).train(False)

    def train(self, mode: bool = True) -> "WindowLogits":
        """Stay as it is.

        Parameters
        ----------
        mode : bool, default=True
            Ignored.

        Returns
        -------
        WindowLogits
            This module.
        """
        super().train(False)
        for part in self.modules():
            if isinstance(part, nn.LSTM):
                part.train()
        return self

    def forward(self, windows: Tensor) -> Tensor:
        """Return the logits of windows.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_points, n_rois)
            Windows as the classifier gets them, the points of the horizon included.

        Returns
        -------
        Tensor of shape (n_windows, n_outputs)
            One logit of ``classes_[1]``, one for each class, or a regressor's standardized target.

        Raises
        ------
        ValueError
            If windows have another number of axes or ROIs.
        """
        ways = self.ways(windows)
        answers = [_discriminate(net, points) for net in self.nets for points in ways]
        return torch.stack(answers).mean(dim=0)

    def ways(self, windows: Tensor) -> list[Tensor]:
        """Return all ways in which windows are read.

        Parameters
        ----------
        windows : Tensor of shape (n_windows, n_points, n_rois)
            Windows as the classifier gets them.

        Returns
        -------
        list of Tensor of shape (n_read, n_windows, n_rois)
            Time first, without the horizon: as they are, and as ``augment`` turns them.

        Raises
        ------
        ValueError
            If windows have another number of axes or ROIs.
        """
        if windows.ndim != 3 or windows.shape[-1] != self._n_rois:
            raise ValueError(
                f"Windows must have the shape (n_windows, n_points, {self._n_rois}), batch first, "
                f"got {tuple(windows.shape)}."
            )
        points = windows[:, : max(windows.shape[1] - self._horizon, 1)].transpose(0, 1)
        return ways_to_read(points, self._augment)


def _discriminate(net, points):
    """Return a network's logits, without what it would generate."""
    return net.discriminate(net.first_lstm(points)[0])
