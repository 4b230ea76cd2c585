"""
Windows of one subject on both sides
====================================

Windows of one scan resemble each other. Where rows are windows and a splitter does not know whose
they are, a classifier only has to recognise the person. Here the groups do not differ at all.
"""

# %%
# With ``effect_size=0`` the labels say nothing: an honest accuracy is 50 %, give or take chance.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import FCSVM, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.datasets import make_scans

cohort = make_scans(n_subjects=80, n_timepoints=150, n_rois=24, effect_size=0, random_state=0)
scans = ScanCleaner().fit_transform(cohort.data)
svm = FCSVM(Cs=[0.01], random_state=0)

# %%
# Rows of windows, shuffled: this is the mistake.
sampler = SubsequenceAugmenter(length=30, step=5, horizon=0, output="windows")
windows, labels = sampler.fit_resample(scans, cohort.target)
folds = StratifiedKFold(5, shuffle=True, random_state=0)
leaking = cross_val_score(svm, windows, labels, cv=folds)

# %%
# The same rows, and the subject that each comes from.
by_group = StratifiedGroupKFold(5, shuffle=True, random_state=0)
grouped = cross_val_score(svm, windows, labels, cv=by_group, groups=sampler.sample_indices_)

# %%
# Bags: rows are subjects, so that no splitter can go wrong. This is the form to use.
bags = make_pipeline(SubsequenceAugmenter(length=30, step=5, horizon=0), svm)
by_subject = cross_val_score(bags, scans, cohort.target, cv=folds)

# %%
# Accuracies a little below one half are usual: of the class that the training folds have more of,
# the test fold has less.
results = {
    "Windows shuffled\n(leak)": leaking,
    "Windows grouped\nby subject": grouped,
    "Bags: a row\nis a subject": by_subject,
}
figure, axes = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for place, (colour, scores) in enumerate(
    zip(("tab:red", "tab:blue", "tab:green"), results.values(), strict=True)
):
    axes.bar(place, scores.mean(), width=0.6, color=colour, alpha=0.4)
    axes.plot(np.full(len(scores), place), scores, "o", color=colour)
axes.axhline(0.5, color="0.3", ls="--", lw=1)
axes.text(1.01, 0.5, "guessing", va="center", transform=axes.get_yaxis_transform())
axes.set_xticks(range(3), list(results))
axes.set(
    ylim=(0, 1),
    ylabel="Accuracy of five folds",
    title="A cohort without any difference",
)
plt.show()
