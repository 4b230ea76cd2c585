"""What the scores of windows, or of whole scans, say of the classes."""

import numpy as np
from scipy.special import expit, softmax


def probabilities(scores):
    """Turn logits into class probabilities.

    Parameters
    ----------
    scores : array-like of shape (n, n_outputs)
        One output: the logit of class 1; more: one for each class.

    Returns
    -------
    ndarray of float64 of shape (n, n_classes)
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape[1] > 1:
        return softmax(scores, axis=1)
    positive = expit(scores[:, 0])
    return np.column_stack([1 - positive, positive])


def votes(scores):
    """Turn scores into one vote a row.

    Parameters
    ----------
    scores : array-like of shape (n, n_outputs)
        As for :func:`probabilities`.

    Returns
    -------
    ndarray of shape (n, n_classes)
        1 for the class voted for, 0 for the others. A logit of 0, one half, is a vote for class 1;
        of more than two classes the first of equals gets it.
    """
    scores = np.asarray(scores)
    if scores.shape[1] == 1:
        return np.eye(2)[(scores[:, 0] >= 0).astype(int)]
    return np.eye(scores.shape[1])[scores.argmax(axis=1)]
