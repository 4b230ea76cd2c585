import numpy as np
import torch
from scipy.special import expit, softmax

from sklearn_lstmdg.scans._votes import probabilities, votes


def test_probabilities_of_logits():
    logits = np.random.default_rng(0).standard_normal((5, 3))
    np.testing.assert_allclose(probabilities(logits), softmax(logits, axis=1))
    binary = probabilities(torch.tensor([[0.3], [-800.0], [800.0]]))
    np.testing.assert_allclose(binary[:, 1], expit(np.float32([0.3, -800, 800])))
    np.testing.assert_allclose(binary.sum(axis=1), 1)


def test_votes_of_equals():
    np.testing.assert_array_equal(votes([[-0.1], [0.0], [2.0]]), [[1, 0], [0, 1], [0, 1]])
    np.testing.assert_array_equal(votes([[1, 3, 3], [0, 0, 1]]), [[0, 1, 0], [0, 0, 1]])
