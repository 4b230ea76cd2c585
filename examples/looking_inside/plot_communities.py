"""
Communities beside those that were planted
==========================================

LSTM-DG learns communities while it learns to generate the next point; tensor decomposition
(PARAFAC) finds them in the windows' correlations. On simulated scans it is known which ROIs belong
together, so that both can be judged, and compared between halves of the cohort.
"""

# %%
# Five overlapping communities of 30 ROIs, 40 subjects.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_lstmdg import CommunityExtractor, ParafacCommunities, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import community_recovery, community_robustness
from sklearn_lstmdg.models import make_model
from sklearn_lstmdg.plotting import MembershipDisplay

cohort = make_scans(
    n_subjects=40, n_timepoints=150, n_rois=30, n_communities=5, noise=0.7, random_state=0
)

# %%
# Memberships are the weights of the generative half. Settings for reading them have a name of their
# own: eight networks are trained, and what they have in common is taken.
networks = make_model("lstm-dg-communities", step=5, n_communities=15, n_units=8, random_state=0)
extractor = CommunityExtractor(networks, n_communities=15).fit(cohort.data, cohort.target)

windows = SubsequenceAugmenter(length=30, step=15, horizon=0).fit_transform(
    ScanCleaner().fit_transform(cohort.data)
)
parafac = ParafacCommunities(n_communities=15, random_state=0).fit(windows)

# %%
# Rows are in the order of the planted communities, whose borders are drawn; each method's
# communities stand in the order of the planted ones they match, those without a match on the right.
memberships = {"LSTM-DG": extractor.membership_, "PARAFAC": parafac.membership_}
figure, axes = plt.subplots(1, 3, figsize=(12, 4.5), width_ratios=(1, 2, 2.4), layout="constrained")
MembershipDisplay(cohort.membership, cohort.membership).plot(
    axes[0], colorbar=False, title="Planted"
)
for ax, (method, membership) in zip(axes[1:], memberships.items(), strict=True):
    MembershipDisplay(membership, cohort.membership).plot(ax, colorbar=ax is axes[2], title=method)
plt.show()

# %%
# Recovery: Dice coefficient of each planted community with the most alike that was found, and the
# same scaled so that permuted ROI labels give 0 and a perfect match 1.
for method, membership in memberships.items():
    recovery = community_recovery(membership, cohort.membership, random_state=0)
    print(
        f"{method}: Dice {recovery['dice']:.2f} (chance {recovery['dice_null']:.2f}), "
        f"adjusted {recovery['dice_adjusted']:.2f}"
    )

# %%
# Robustness needs no truth: PARAFAC of the two halves of the cohort. ``lstmdg communities`` does
# this for the folds of a comparison.
halves = [windows[::2], windows[1::2]]
of_halves = [ParafacCommunities(15, random_state=0).fit(half).membership_ for half in halves]
table = community_robustness(of_halves, random_state=0)
print(table[["correlation", "correlation_null", "dice", "dice_null"]].round(2))
print(f"Sizes planted: {np.sort(cohort.communities.sum(axis=0))}")
