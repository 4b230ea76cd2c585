"""What the pretraining of an autoencoder hands on."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class SparseEncoder:
    """What pretraining hands on: the scaling of features, and the coding half of each layer.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,)
        Of the features that it was trained on.
    weights : list of ndarray of shape (n_out, n_in)
        :math:`W` of each layer.
    biases : list of ndarray of shape (n_out,)
        :math:`b` of each layer.
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: list
    biases: list

    @property
    def sizes(self):
        """Nodes of each layer, the features first."""
        return len(self.mean), *map(len, self.biases)

    def __repr__(self):
        """Show the sizes of the layers."""
        return f"SparseEncoder({'-'.join(map(str, self.sizes))})"
