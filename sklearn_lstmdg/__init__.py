"""Jointly discriminative and generative recurrent networks for learning from ROI time series."""

from .augmentation import SubsequenceAugmenter
from .classifier import LSTMDGClassifier

__all__ = ["LSTMDGClassifier", "SubsequenceAugmenter"]
