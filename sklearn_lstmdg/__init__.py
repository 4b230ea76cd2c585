"""Jointly discriminative and generative recurrent networks for learning from ROI time series."""

from ._version import __version__
from .augmentation import SubsequenceAugmenter
from .baselines import ConnectivityFeatures, MeanMLPClassifier
from .classifier import LSTMDGClassifier
from .communities import CommunityExtractor
from .fcsvm import FCSVM
from .hmm import ROIHMMClassifier
from .parafac import ParafacCommunities
from .preprocessing import ScanCleaner
from .transfer import TransferAutoencoderClassifier

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
