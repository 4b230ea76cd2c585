"""
Why a decision was made
=======================

Integrated gradients tell which ROIs, and when, moved a subject's logit. On simulated scans it is
known in which communities the groups differ, so that the answer can be judged; on real ones, only
checks with other weights and the agreement of trainings can.
"""

# %%
# Sixty subjects whose groups differ in two of six communities; twenty of them are held out.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.explain import (
    attribute,
    permutation_importance,
    randomize_weights,
    rank_correlation,
)
from sklearn_lstmdg.models import make_model
from sklearn_lstmdg.plotting import (
    AttributionDisplay,
    CommunityActivityDisplay,
    WindowProbabilityDisplay,
)

cohort = make_scans(
    n_subjects=60, n_timepoints=120, n_rois=30, n_communities=6, effect_size=1.0, random_state=0
)
X, y, test = cohort.data, cohort.target, slice(40, 60)


def train(seed):
    """Train on the first forty subjects."""
    model = make_model(
        "lstm-dg", step=4, n_communities=10, n_units=8, lr=0.01, max_epochs=15, random_state=seed
    )
    return model.fit(X[:40], y[:40])


model = train(0)
print(f"Accuracy on {len(y[test])} subjects: {model.score(X[test], y[test]):.2f}")

# %%
# One subject: how its windows vote, what the communities do that weigh most, and which ROIs move
# the logit at which time.
subject = 40 + int(np.argmax(y[test]))
X_subject = X[subject : subject + 1]
WindowProbabilityDisplay.from_estimator(model, X_subject, class_names=["control", "autism"])
CommunityActivityDisplay.from_estimator(model, X_subject)
AttributionDisplay.from_estimator(model, X_subject)
plt.show()

# %%
# All held-out subjects: relevance of ROIs inside and outside the communities in which the groups
# differ, and what the AUC loses when subjects exchange the series of a community's members.
told = attribute(model, X[test])
relevance = np.abs(told.attributions).mean(axis=(0, 1))
differs = cohort.communities[:, cohort.discriminative_communities].any(axis=1)
print(
    f"Relevance: {relevance[differs].mean():.4f} inside, {relevance[~differs].mean():.4f} outside"
)

importance = permutation_importance(
    model, X[test], y[test], cohort.communities, scoring="roc_auc", random_state=0
)
print(f"Communities that differ: {cohort.discriminative_communities}")
for name, lost, spread in zip(
    importance.names, importance.importances_mean, importance.importances_std, strict=True
):
    print(f"{name}: {lost:.3f} ± {spread:.3f}")

# %%
# Do these maps show what was learnt? With weights drawn anew they should be others. Printed last is
# how alike the maps of two trainings are, which is the most to be hoped for.
check = randomize_weights(model, X[test], random_state=0)
for layer, signed, absolute in zip(check.layers, check.signed, check.absolute, strict=True):
    print(f"down to {layer}: signed {signed.mean():.2f}, absolute {absolute.mean():.2f}")
again = attribute(train(1), X[test])
print(f"another seed: {rank_correlation(told.attributions, again.attributions).mean():.2f}")
