"""The systems that LSTM-DG is compared with, and their mathematics."""

from ._autoencoder import EncoderClassifier, SparseEncoder
from ._fcsvm import FCSVM
from ._gaussian_hmm import GaussianHMM
from ._hmm_classifier import ROIHMMClassifier
from ._mean_mlp_module import MeanMLP
from ._simple import ConnectivityFeatures, MeanMLPClassifier
from ._transfer import TransferAutoencoderClassifier

__all__ = [
    "FCSVM",
    "ConnectivityFeatures",
    "EncoderClassifier",
    "GaussianHMM",
    "MeanMLP",
    "MeanMLPClassifier",
    "ROIHMMClassifier",
    "SparseEncoder",
    "TransferAutoencoderClassifier",
]
