"""Communities of ROIs: from memberships, and by tensor decomposition."""

from ._common_communities import common_influence, common_memberships, common_shares
from ._extractor import CommunityExtractor, community_influence
from ._memberships import (
    correlate,
    dice,
    find_constant,
    match_best,
    match_one_to_one,
    top_communities,
    top_with_members,
    two_means,
)
from ._parafac import ParafacCommunities
from ._redundancy import community_redundancy, effective_communities

__all__ = [
    "CommunityExtractor",
    "ParafacCommunities",
    "common_influence",
    "common_memberships",
    "common_shares",
    "community_influence",
    "community_redundancy",
    "correlate",
    "dice",
    "effective_communities",
    "find_constant",
    "match_best",
    "match_one_to_one",
    "top_communities",
    "top_with_members",
    "two_means",
]
