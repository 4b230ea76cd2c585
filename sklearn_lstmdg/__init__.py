"""Jointly discriminative and generative recurrent networks for learning from ROI time series."""

from ._version import __version__
from .augmentation import SubsequenceAugmenter
from .baselines import (
    FCSVM,
    ConnectivityFeatures,
    MeanMLPClassifier,
    ROIHMMClassifier,
    TransferAutoencoderClassifier,
)
from .classifier import LSTMDGClassifier
from .communities import CommunityExtractor, ParafacCommunities
from .preprocessing import ScanCleaner

__all__ = [
    "FCSVM",
    "CommunityExtractor",
    "ConnectivityFeatures",
    "LSTMDGClassifier",
    "MeanMLPClassifier",
    "ParafacCommunities",
    "ROIHMMClassifier",
    "ScanCleaner",
    "SubsequenceAugmenter",
    "TransferAutoencoderClassifier",
    "__version__",
]
