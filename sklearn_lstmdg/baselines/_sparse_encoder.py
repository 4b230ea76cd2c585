"""What the pretraining of an autoencoder hands on."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class SparseEncoder:
    """What pretraining hands on: the scaling of features, and the coding half of each layer."""

    mean: np.ndarray  # (n_features,), of the features that it was trained on, as the scale
    scale: np.ndarray
    weights: list  # of (n_out, n_in)
    biases: list  # of (n_out,)

    @property
    def sizes(self):
        """Nodes of each layer, the features first."""
        return len(self.mean), *map(len, self.biases)

    def __repr__(self):
        return f"SparseEncoder({'-'.join(map(str, self.sizes))})"
