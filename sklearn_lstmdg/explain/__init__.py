"""Which ROIs, moments and communities a decision rests on, and whether such maps can be trusted."""

from .._extras import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "._attributions": ["attribute"],
        "._occlusion": ["occlude_communities"],
        "._permutation": ["permutation_importance"],
        "._randomization": ["randomize_labels", "randomize_weights", "rank_correlation"],
        "._time_courses": ["community_time_courses", "window_probabilities"],
        "._window_logits": ["WindowLogits"],
    },
)
