"""The paper's protocol: models compared over folds, sites and repeats, and its statistics."""

from ._community_robustness import (
    community_recovery,
    community_robustness,
    measure_communities,
    summarize_robustness,
)
from ._comparison import Comparison, load_comparison
from ._forecast import continue_scans, judge_generation
from ._intervals import intervals, reliability
from ._paper_table import paper_table
from ._protocol import compare_models
from ._published import published_results
from ._tests import compare_to, null_from_permutations

__all__ = [
    "Comparison",
    "community_recovery",
    "community_robustness",
    "compare_models",
    "compare_to",
    "continue_scans",
    "intervals",
    "judge_generation",
    "load_comparison",
    "measure_communities",
    "null_from_permutations",
    "paper_table",
    "published_results",
    "reliability",
    "summarize_robustness",
]
