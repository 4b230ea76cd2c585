"""The systems that LSTM-DG is compared with, and their mathematics."""

from ._connectivity_features import ConnectivityFeatures
from ._fcsvm import FCSVM
from ._gaussian_hmm import GaussianHMM
from ._hmm_classifier import ROIHMMClassifier
from ._mean_mlp import MeanMLPClassifier
from ._penalty_search import PenaltySearch
from ._sparse_encoder import SparseEncoder
from ._transfer import TransferAutoencoderClassifier

__all__ = [
    "FCSVM",
    "ConnectivityFeatures",
    "GaussianHMM",
    "MeanMLPClassifier",
    "PenaltySearch",
    "ROIHMMClassifier",
    "SparseEncoder",
    "TransferAutoencoderClassifier",
]
