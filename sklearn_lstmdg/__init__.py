"""Jointly discriminative and generative recurrent networks for learning from ROI time series.

An estimator, and what it needs, is imported when its name is first used.
"""

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
    from .regressor import LSTMDGRegressor as LSTMDGRegressor

__getattr__, __dir__, _names = attach(
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
        ".regressor": ["LSTMDGRegressor"],
    },
    modules=(
        *("augmentation", "base", "baselines", "classifier", "cli", "communities", "datasets"),
        *("decoding", "estimator_checks", "evaluation", "explain", "joint", "models"),
        *("network", "persistence", "plotting", "preprocessing", "presets", "regressor"),
        *("report", "scans"),
    ),
)
__all__ = [*_names, "__version__"]
