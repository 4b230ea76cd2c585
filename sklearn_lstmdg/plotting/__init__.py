"""Figures of results, as Displays in scikit-learn's manner; all need the extra ``plot``."""

from ._generation import GenerationDisplay
from ._history import HistoryDisplay
from ._membership import MembershipDisplay
from ._recovery import RecoveryDisplay
from ._robustness import RobustnessDisplay
from ._roc import ROCDisplay

__all__ = [
    "GenerationDisplay",
    "HistoryDisplay",
    "MembershipDisplay",
    "ROCDisplay",
    "RecoveryDisplay",
    "RobustnessDisplay",
]
