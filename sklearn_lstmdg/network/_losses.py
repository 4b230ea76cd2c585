r"""The paper's loss: squared error of the generated point, cross-entropy of the class.

.. math::
    L = L_G + \lambda L_D
"""

import torch
from torch import nn
from torch.nn import functional


def generative_losses(generated, target):
    """Squared error of each window, averaged over ROIs and the points that it has.

    Shapes: generated, target (n_steps, n_windows, n_rois); returned (n_windows,), (n_windows,).
    """
    given = ~target[..., 0].isnan()
    error = (generated - target.nan_to_num()).square().mean(dim=-1) * given
    return error.sum(dim=0) / given.sum(dim=0).clamp(min=1), given.any(dim=0)


def discriminative_losses(logits, labels):
    """Cross-entropy of each window.

    Shapes: logits (n_windows, n_outputs), labels (n_windows,); returned (n_windows,).
    """
    if logits.shape[1] > 1:
        return functional.cross_entropy(logits, labels, ignore_index=-1, reduction="none")
    target = labels.clamp(min=0).to(logits.dtype)
    losses = functional.binary_cross_entropy_with_logits(logits[:, 0], target, reduction="none")
    return losses * (labels >= 0)


class JointLoss(nn.Module):
    r"""The paper's loss :math:`L = L_G + \lambda L_D`; :math:`L_D` alone without a generative path.

    Parameters
    ----------
    discriminative_weight : float
        :math:`\lambda`.
    """

    def __init__(self, discriminative_weight):
        super().__init__()
        self.discriminative_weight = discriminative_weight

    def forward(self, logits, generated, labels, target, weights):
        """Return the batch's total, generative and discriminative loss as a tensor of three.

        Shapes: logits (n_windows, n_outputs), generated, target (n_steps, n_windows, n_rois),
        labels (n_windows,), weights (n_windows,).
        """
        labelled = (labels >= 0).sum().clamp(min=1)
        disc = (discriminative_losses(logits, labels) * weights).sum() / labelled
        if generated is None:
            return torch.stack([disc, torch.zeros_like(disc), disc])
        gen = _mean_generative_loss(generated, target)
        return torch.stack([gen + self.discriminative_weight * disc, gen, disc])

    def backward(self, logits, generated, labels, target, weights):
        """Return the total loss's derivatives by the logits and the generated points (or None)."""
        known = labels >= 0
        d_logits = _cross_entropy_gradient(logits, labels.clamp(min=0))
        d_logits *= (weights * known / known.sum().clamp(min=1))[:, None]
        if generated is None:
            return d_logits, None
        d_generated = _generative_gradient(generated, target)
        return d_logits * self.discriminative_weight, d_generated


def _cross_entropy_gradient(logits, labels):
    if logits.shape[1] > 1:
        return logits.softmax(dim=1) - functional.one_hot(labels, logits.shape[1])
    return logits.sigmoid() - labels[:, None]


def _generative_gradient(generated, target):
    given = ~target[..., 0].isnan()
    known = given.any(dim=0).sum().clamp(min=1)
    share = given.to(generated.dtype) / (given.sum(dim=0).clamp(min=1) * known)
    share *= 2 / generated.shape[-1]
    return (generated - target.nan_to_num()).mul_(share[..., None])


def _mean_generative_loss(generated, target):
    if not target[..., 0].isnan().any():
        return functional.mse_loss(generated, target)
    losses, known = generative_losses(generated, target)
    return losses.sum() / known.sum().clamp(min=1)


class ClassLoss(nn.Module):
    """Mean cross-entropy of labelled rows."""

    def forward(self, logits, labels):
        """Return the mean over rows, a scalar."""
        return discriminative_losses(logits, labels).mean()
