"""Figures of results, as Displays in scikit-learn's manner; all need the extra ``plot``."""

from ._activity_display import CommunityActivityDisplay
from ._attribution_display import AttributionDisplay
from ._generation_display import GenerationDisplay
from ._history_display import HistoryDisplay
from ._membership_display import MembershipDisplay
from ._network_display import NetworkOverlapDisplay
from ._recovery_display import RecoveryDisplay
from ._redundancy_display import RedundancyDisplay
from ._relevance_display import ROIRelevanceDisplay
from ._robustness_display import RobustnessDisplay
from ._roc_display import ROCDisplay
from ._window_display import WindowProbabilityDisplay

__all__ = [
    "AttributionDisplay",
    "CommunityActivityDisplay",
    "GenerationDisplay",
    "HistoryDisplay",
    "MembershipDisplay",
    "NetworkOverlapDisplay",
    "ROCDisplay",
    "ROIRelevanceDisplay",
    "RecoveryDisplay",
    "RedundancyDisplay",
    "RobustnessDisplay",
    "WindowProbabilityDisplay",
]
