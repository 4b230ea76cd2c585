"""
Four variants on a simulated cohort
===================================

The paper compares its joint model, LSTM-DG, with three ablations: LSTM-H generates the next point
from the hidden state, LSTM-D does not generate, LSTM-S is one discriminative LSTM. Here all four
see the same windows of the same subjects in the same folds.
"""

# %%
# A cohort whose groups differ in how communities of ROIs are coupled.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import compare_models
from sklearn_lstmdg.models import make_model

cohort = make_scans(n_subjects=60, n_timepoints=150, n_rois=30, effect_size=0.5, random_state=0)
VARIANTS = {"lstm-dg": "LSTM-DG", "lstm-h": "LSTM-H", "lstm-d": "LSTM-D", "lstm-s": "LSTM-S"}

# %%
# Small nets and wide steps between windows keep this short; the paper's step is 1.
small = {"n_communities": 16, "n_units": 10, "max_updates": 500}
models = {label: make_model(name, length=30, step=10, **small) for name, label in VARIANTS.items()}
comparison = compare_models(models, cohort.data, cohort.target, n_folds=4, random_state=0)
columns = ["model", "acc_pooled", "tpr_pooled", "tnr_pooled", "auc_pooled"]
print(comparison.summary()[columns].round(2).to_string(index=False))

# %%
# Left: both losses fall for as long as they train, and settle with the learning rate. Right:
# subjects' scores are means over their windows. Sixty subjects cannot tell which of these four is
# best.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for colour, label in zip(("tab:green", "tab:purple"), ("LSTM-DG", "LSTM-H"), strict=True):
    for fold in range(4):
        history = comparison.fold(label, fold=fold).history
        epochs = np.arange(1, len(history["train_gen_loss"]) + 1)
        named = label if fold == 0 else None
        left.plot(epochs, history["train_gen_loss"], color=colour, alpha=0.7, label=named)
        left.plot(epochs, history["train_disc_loss"], color=colour, alpha=0.7, ls=":")
left.set(xlabel="Epoch", ylabel="Training loss", title="Generating and classifying, four folds")
left.plot([], [], color="0.3", label="next point (squared error)")
left.plot([], [], color="0.3", ls=":", label="class (cross-entropy of windows)")
left.legend(frameon=False, fontsize="small")

for label in models:
    told = comparison.predictions.query("model == @label")
    false_positive, true_positive, _ = roc_curve(told.y, told.score)
    area = roc_auc_score(told.y, told.score)
    right.plot(false_positive, true_positive, label=f"{label} (AUC {area:.2f})")
right.plot([0, 1], [0, 1], color="0.7", lw=1)
right.set(
    xlabel="False positive rate", ylabel="True positive rate", title="Subjects of all test folds"
)
right.set_aspect("equal")
right.legend(frameon=False, fontsize="small", loc="lower right")
plt.show()
