"""Jointly discriminative and generative recurrent networks for learning from ROI time series."""

from ._version import __version__
from .augmentation import SubsequenceAugmenter
from .classifier import LSTMDGClassifier
from .fcsvm import FCSVM
from .preprocessing import ScanCleaner

__all__ = ["FCSVM", "LSTMDGClassifier", "ScanCleaner", "SubsequenceAugmenter", "__version__"]
