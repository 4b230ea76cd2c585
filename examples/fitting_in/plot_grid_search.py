"""
A grid search that keeps families together
==========================================

Brothers and sisters share more than chance would have it. ``groups`` keep them on one side of every
split: those of the search, and the one that the classifier makes itself, with ``patience``, to know
when to stop.
"""

# %%
# With metadata routing, ``groups`` given to ``fit`` reach the splitter and the last step of the
# Pipeline alike; the estimators of this package ask for them by themselves.
import matplotlib.pyplot as plt
import numpy as np
import sklearn
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.datasets import make_scans

cohort = make_scans(n_subjects=40, n_timepoints=100, n_rois=16, effect_size=0.5, random_state=0)
families = np.arange(40) // 2
model = make_pipeline(
    ScanCleaner(),
    SubsequenceAugmenter(length=20, step=10),
    LSTMDGClassifier(
        n_units=6, max_epochs=30, patience=30, lr=1e-2, monitor="accuracy", random_state=0
    ),
)
grid = {
    "lstmdgclassifier__n_communities": [4, 12],
    "lstmdgclassifier__discriminative_weight": [0.01, 0.1, 1.0],
}
with sklearn.config_context(enable_metadata_routing=True):
    search = GridSearchCV(model, grid, scoring="roc_auc", cv=StratifiedGroupKFold(3))
    search.fit(cohort.data, cohort.target, groups=families)
print(search.best_params_)

# %%
# The spread over folds is as large as the differences between settings: with so few subjects a
# search should have few candidates, and its winner is not much better than the next.
mean = search.cv_results_["mean_test_score"].reshape(3, 2)
spread = search.cv_results_["std_test_score"].reshape(3, 2)
figure, axes = plt.subplots(figsize=(6, 3.8), layout="constrained")
image = axes.imshow(mean, vmin=0.4, vmax=1, cmap="viridis", aspect="auto")
for (i, j), value in np.ndenumerate(mean):
    dark = "white" if value < 0.75 else "black"
    axes.text(j, i, f"{value:.2f} ± {spread[i, j]:.2f}", ha="center", va="center", color=dark)
axes.set_xticks(range(2), grid["lstmdgclassifier__n_communities"])
axes.set_yticks(range(3), grid["lstmdgclassifier__discriminative_weight"])
axes.set(xlabel="Communities $K$", ylabel=r"$\lambda$", title="AUC of three folds of families")
figure.colorbar(image, label="Mean AUC")
plt.show()
