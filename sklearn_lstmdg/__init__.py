"""Jointly discriminative and generative recurrent networks for learning from ROI time series."""

from importlib import import_module
from typing import TYPE_CHECKING

from ._extras import attach
from ._version import __version__

if TYPE_CHECKING:
    from .augmentation import SubsequenceAugmenter as SubsequenceAugmenter
    from .baselines import FCSVM as FCSVM
    from .baselines import ConnectivityFeatures as ConnectivityFeatures
    from .baselines import MeanMLPClassifier as MeanMLPClassifier
    from .baselines import ROIHMMClassifier as ROIHMMClassifier
    from .baselines import TransferAutoencoderClassifier as TransferAutoencoderClassifier
    from .classifier import LSTMDGClassifier as LSTMDGClassifier
    from .communities import CommunityExtractor as CommunityExtractor
    from .communities import ParafacCommunities as ParafacCommunities
    from .preprocessing import ScanCleaner as ScanCleaner

_ROOMS = (
    *("classifier", "augmentation", "preprocessing", "models", "presets", "estimator_checks"),
    *("baselines", "communities", "datasets", "decoding", "evaluation", "network"),
    *("persistence", "plotting", "report", "scans"),
)

_find, _, __all__ = attach(
    __name__,
    {
        ".augmentation": ["SubsequenceAugmenter"],
        ".baselines": [
            "FCSVM",
            "ConnectivityFeatures",
            "MeanMLPClassifier",
            "ROIHMMClassifier",
            "TransferAutoencoderClassifier",
        ],
        ".classifier": ["LSTMDGClassifier"],
        ".communities": ["CommunityExtractor", "ParafacCommunities"],
        ".preprocessing": ["ScanCleaner"],
    },
)
__all__ += ["__version__"]


def __getattr__(name):
    """Import an estimator, or a room, when its name is used."""
    return import_module(f".{name}", __name__) if name in _ROOMS else _find(name)


def __dir__():
    return sorted({*__all__, *_ROOMS})
