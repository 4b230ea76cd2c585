"""
Stacking LSTM-DG with FC-SVM
============================

The two look at different things: the network at the course of time, FC-SVM at correlations. A
stack learns how far to trust each, from predictions for subjects that neither has trained on.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.models import make_model

cohort = make_scans(n_subjects=48, n_timepoints=120, n_rois=20, effect_size=0.6, random_state=0)

# %%
# Each part is a whole system that reads raw scans; rows stay subjects, so that the stack's inner
# folds are folds of subjects. FC-SVM's probabilities are not calibrated and stay near one half, so
# that both are put on one scale first.
small = {"n_communities": 8, "n_units": 6, "max_epochs": 12, "lr": 1e-2}
parts = {
    "LSTM-DG": make_model("lstm-dg", length=20, step=10, random_state=0, **small),
    "FC-SVM": make_model("fc-svm-scan", Cs=[1e-3, 1e-2, 1e-1], random_state=0),
}
weigh = make_pipeline(StandardScaler(), LogisticRegression())
stack = StackingClassifier(list(parts.items()), weigh, stack_method="predict_proba", cv=3)

# %%
folds = StratifiedKFold(3, shuffle=True, random_state=0)
scores = {
    name: cross_val_predict(model, cohort.data, cohort.target, cv=folds, method="predict_proba")[
        :, 1
    ]
    for name, model in (parts | {"Stack": stack}).items()
}
for name, score in scores.items():
    print(f"{name}: AUC {roc_auc_score(cohort.target, score):.2f}")

# %%
# The simulated difference is one of coupling, made for FC-SVM. A stack gains where its parts err on
# different subjects; where one part is right and the other guesses, it gains nothing.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for label, colour in enumerate(("tab:blue", "tab:orange")):
    rows = cohort.target == label
    left.scatter(
        scores["LSTM-DG"][rows], scores["FC-SVM"][rows], color=colour, label=f"y = {label}"
    )
left.axhline(0.5, color="0.8", zorder=0)
left.axvline(0.5, color="0.8", zorder=0)
left.set(
    xlabel="LSTM-DG",
    ylabel="FC-SVM",
    title="Probability of y = 1, test subjects",
)
left.legend(frameon=False)
areas = [roc_auc_score(cohort.target, score) for score in scores.values()]
bars = right.barh(list(scores), areas, color=["tab:green", "0.6", "tab:red"])
right.bar_label(bars, fmt="%.2f", padding=3)
right.axvline(0.5, color="0.3", ls="--", lw=1)
right.set(xlim=(0, 1.1), xlabel="AUC", xticks=np.arange(0, 1.1, 0.25))
right.invert_yaxis()
plt.show()
