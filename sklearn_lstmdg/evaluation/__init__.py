"""The paper's protocol: models compared over folds, sites and repeats."""

from ._comparison import Comparison, load_comparison
from ._protocol import compare_models

__all__ = ["Comparison", "compare_models", "load_comparison"]
