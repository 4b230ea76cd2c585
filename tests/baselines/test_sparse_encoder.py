"""What the pretraining of an autoencoder hands on."""

import numpy as np

from sklearn_lstmdg.baselines import SparseEncoder


def test_an_encoder_tells_its_layers_and_not_its_weights():
    weights = [np.zeros((4, 6)), np.zeros((3, 4))]
    encoder = SparseEncoder(np.zeros(6), np.ones(6), weights, [np.zeros(4), np.zeros(3)])
    assert encoder.sizes == (6, 4, 3)
    assert repr(encoder) == "SparseEncoder(6-4-3)"
