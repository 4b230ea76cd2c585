"""
Sensors of a plant: which channels belong together
==================================================

Channels need not be brain regions. Here sixteen sensors sit on four machines; each machine has a
rhythm of its own that its sensors share. When a clutch wears out, machines 1 and 2 begin to swing
together: that is the fault to find.
"""

# %%
# Simulated records of a plant: half of them with the fault.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import CommunityExtractor, LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter

rng = np.random.default_rng(0)
machine_of = np.repeat(np.arange(4), 4)
order = rng.permutation(16)  # the sensors come unsorted
faulty = np.tile([0, 1], 20)


def record(fault, n_timepoints=160):
    """Return the sensors' series of one day."""
    rhythm = np.zeros((n_timepoints, 4))
    for t in range(1, n_timepoints):
        rhythm[t] = 0.9 * rhythm[t - 1] + rng.standard_normal(4)
    if fault:
        rhythm[:, 1] = 0.6 * rhythm[:, 0] + 0.6 * rhythm[:, 1]
    series = rhythm[:, machine_of] + 0.8 * rng.standard_normal((n_timepoints, 16))
    return series[:, order]


X = np.stack([record(fault) for fault in faulty])

# %%
classifier = LSTMDGClassifier(n_communities=8, n_units=8, max_updates=500, random_state=0)
model = make_pipeline(ScanCleaner(), SubsequenceAugmenter(length=30, step=10), classifier)
folds = StratifiedKFold(4, shuffle=True, random_state=0)
scores = cross_val_score(model, X, faulty, cv=folds, scoring="roc_auc")
print(f"AUC of four folds: {scores.round(2)}")

# %%
# What the generative path has to know to tell the next point: which sensors go together.
# :class:`~sklearn_lstmdg.CommunityExtractor` splits each column of the memberships in two.
extractor = CommunityExtractor(model).fit(X, faulty)
by_machine = np.argsort(machine_of[order], kind="stable")
membership = extractor.membership_[by_machine]
columns = np.argsort(membership.argmax(axis=0), kind="stable")

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained")
image = left.imshow(membership[:, columns], cmap="magma_r", aspect="auto")
left.set(title="Memberships $W_d$", xlabel="Community", ylabel="Sensor, by machine")
figure.colorbar(image, ax=left)
right.imshow(extractor.communities_[by_machine][:, columns], cmap="Greys", aspect="auto", vmax=1.4)
right.set(title="Members of each community", xlabel="Community")
for ax in (left, right):
    for edge in (3.5, 7.5, 11.5):
        ax.axhline(edge, color="tab:cyan", lw=1.5)
    ax.set_yticks([1.5, 5.5, 9.5, 13.5], [f"machine {m}" for m in range(1, 5)])
plt.show()
