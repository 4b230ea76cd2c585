"""The paper's protocol: models compared over folds, sites and repeats, and its statistics."""

from ._all_sites import intervals_over_sites
from ._community_robustness import (
    community_recovery,
    community_robustness,
    measure_communities,
    summarize_robustness,
)
from ._comparison import Comparison, load_comparison
from ._confidence_intervals import ABOUT_INTERVALS as ABOUT_INTERVALS
from ._confidence_intervals import calibration_curve, confidence_intervals
from ._confusion import confusion_matrices
from ._fingerprint import describe, digest
from ._fitting import class_probabilities
from ._fitting import decide as decide
from ._fold_runs import FoldTask, run_folds
from ._folds import make_seed
from ._forecast import (
    connectivity_agreement,
    evaluate_forecast,
    forecast,
    mean_connectivity,
    mean_spectrum,
)
from ._metrics import subject_sites as subject_sites  # for the report
from ._metrics import tell_untrained as tell_untrained  # for it and the command line
from ._paired_tests import ABOUT_TESTS as ABOUT_TESTS
from ._paired_tests import null_from_permutations, test_against
from ._paper_table import paper_table
from ._protocol import compare_models
from ._published import published_results
from ._sample_size import subjects_needed
from ._store import refuse_other_files as refuse_other_files  # for the command line
from ._target_kinds import find_target_kind

__all__ = [
    "Comparison",
    "FoldTask",
    "calibration_curve",
    "class_probabilities",
    "community_recovery",
    "community_robustness",
    "compare_models",
    "confidence_intervals",
    "confusion_matrices",
    "connectivity_agreement",
    "describe",
    "digest",
    "evaluate_forecast",
    "find_target_kind",
    "forecast",
    "intervals_over_sites",
    "load_comparison",
    "make_seed",
    "mean_connectivity",
    "mean_spectrum",
    "measure_communities",
    "null_from_permutations",
    "paper_table",
    "published_results",
    "run_folds",
    "subjects_needed",
    "summarize_robustness",
    "test_against",
]
