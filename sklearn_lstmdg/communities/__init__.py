"""Communities of ROIs: from memberships, and by tensor decomposition."""

from ._extractor import CommunityExtractor, community_influence
from ._memberships import (
    correlate,
    dice,
    find_constant,
    match_best,
    match_one_to_one,
    top_communities,
    two_means,
)
from ._parafac import ParafacCommunities

__all__ = [
    "CommunityExtractor",
    "ParafacCommunities",
    "community_influence",
    "correlate",
    "dice",
    "find_constant",
    "match_best",
    "match_one_to_one",
    "top_communities",
    "two_means",
]
