"""
Relevance and communities in the brain
======================================

Values of ROIs are read in the brain: which of them moved a decision, and whether communities are
networks that are known. Here ROIs of simulated scans lie in a block; with yours, ``atlas`` is
``load_atlas`` of the atlas that averaged them, and ``networks="yeo2011-7"`` fetches Yeo's.
"""

# %%
# Sixty ROIs in a block of 5 x 4 x 3. They are put in the order of their strongest community, so
# that its members lie together, as in a brain.
import matplotlib.pyplot as plt
import numpy as np
from nibabel import Nifti1Image

from sklearn_lstmdg import CommunityExtractor
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.decoding import load_atlas
from sklearn_lstmdg.explain import permutation_importance
from sklearn_lstmdg.models import make_model
from sklearn_lstmdg.plotting import NetworkOverlapDisplay, ROIRelevanceDisplay

cohort = make_scans(
    n_subjects=40, n_timepoints=100, n_rois=60, n_communities=5, effect_size=1.5, random_state=0
)
planted = cohort.membership.argmax(axis=1)
order = np.argsort(planted, kind="stable")
X, y, test = cohort.data[:, :, order], cohort.target, slice(30, 40)
codes = np.arange(1, 61)
in_block = codes.reshape(5, 4, 3).repeat(20, 0).repeat(25, 1).repeat(22, 2)
affine = np.array([[1.0, 0, 0, -50], [0, 1, 0, -65], [0, 0, 1, -18], [0, 0, 0, 1]])
atlas = load_atlas(Nifti1Image(in_block.astype(np.int16), affine))

# %%
# Three networks are trained on thirty subjects; ten are held out. First, what moved the decision
# for one of these: attributions, summed over time. Then, over all ten, what the likelihood loses
# when subjects exchange an ROI's series.
model = make_model("lstm-dg-communities", step=5, n_communities=8, n_units=6, n_nets=3,
                   max_updates=300, random_state=0)  # fmt: skip
model.fit(X[:30], y[:30])
ROIRelevanceDisplay.from_estimator(model, X[test], codes, atlas)
importance = permutation_importance(
    model, X[test], y[test], scoring="neg_log_loss", n_repeats=2, random_state=0
)
ROIRelevanceDisplay.from_importance(importance, codes, atlas)
plt.show()

# %%
# Communities that the three nets have in common, against the planted ones in place of known
# networks: each ROI is in that of its largest membership. Rings mark overlap beyond that of the
# same communities turned about the centre.
extractor = CommunityExtractor(model, prefit=True, n_communities=8).fit(X[:30])
networks = [f"planted {k}" for k in planted[order]]
display = NetworkOverlapDisplay.from_communities(extractor, codes, atlas, networks, random_state=0)
print(display.overlap[display.overlap["p_fwe"] <= 0.05].round(3).to_string(index=False))
plt.show()
