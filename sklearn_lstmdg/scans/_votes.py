"""What the scores of windows, or of whole scans, say of the classes."""

import numpy as np
from scipy.special import expit, softmax


def probabilities(scores):
    """Turn logits (n, n_outputs) into class probabilities (n, n_classes)."""
    scores = np.asarray(scores, dtype=np.float64)
    if scores.shape[1] > 1:
        return softmax(scores, axis=1)
    positive = expit(scores[:, 0])
    return np.column_stack([1 - positive, positive])


def votes(scores):
    """Turn scores (n, n_outputs) into one vote a row (n, n_classes)."""
    scores = np.asarray(scores)
    if scores.shape[1] == 1:
        return np.eye(2)[(scores[:, 0] >= 0).astype(int)]
    return np.eye(scores.shape[1])[scores.argmax(axis=1)]
