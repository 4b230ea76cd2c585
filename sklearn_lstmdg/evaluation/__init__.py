"""The paper's protocol: models compared over folds, sites and repeats, and its statistics."""

from ._community_robustness import (
    community_recovery,
    community_robustness,
    measure_communities,
    summarize_robustness,
)
from ._comparison import Comparison, load_comparison
from ._confidence_intervals import calibration_curve, confidence_intervals
from ._fingerprint import describe, digest
from ._fold_runs import FoldTask, run_folds
from ._folds import make_seed
from ._forecast import (
    connectivity_agreement,
    evaluate_forecast,
    forecast,
    mean_connectivity,
    mean_spectrum,
)
from ._paired_tests import null_from_permutations, test_against
from ._paper_table import paper_table
from ._protocol import compare_models
from ._published import published_results

__all__ = [
    "Comparison",
    "FoldTask",
    "calibration_curve",
    "community_recovery",
    "community_robustness",
    "compare_models",
    "confidence_intervals",
    "connectivity_agreement",
    "describe",
    "digest",
    "evaluate_forecast",
    "forecast",
    "load_comparison",
    "make_seed",
    "mean_connectivity",
    "mean_spectrum",
    "measure_communities",
    "null_from_permutations",
    "paper_table",
    "published_results",
    "run_folds",
    "summarize_robustness",
    "test_against",
]
