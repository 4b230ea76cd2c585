"""
When to stop: five monitors of one training
===========================================

By default nothing is watched: training has a fixed length. If it stops early, as the paper's does,
which epoch is kept depends on what is watched, for the generative loss goes on falling long after
the windows' cross-entropy has turned. Here five monitors look at one run.
"""

# %%
# Train without stopping, while half of the subjects validate.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.presets import PAPER

cohort = make_scans(n_subjects=60, n_timepoints=120, n_rois=24, random_state=2)
bags = make_pipeline(ScanCleaner(), SubsequenceAugmenter(20, 10)).fit_transform(cohort.data)
n_epochs = 50
length = {"max_epochs": n_epochs, "patience": n_epochs, "lr": 1e-2}
small = {"n_communities": 16, "n_units": 10, "input_noise": 0.7}
model = LSTMDGClassifier(**PAPER | length | small, random_state=0)
model.fit(bags, cohort.target, validation=np.arange(60) >= 30)

# %%
# The epoch that each monitor finds best. The paper's is "loss"; ``patience`` alone takes
# "subject_loss".
history = model.history_
best = {
    "loss": history["valid_loss"].argmin(),
    "discriminative_loss": history["valid_disc_loss"].argmin(),
    "subject_loss": history["valid_subject_loss"].argmin(),
    "auc": history["valid_auc"].argmax(),
    "accuracy": history["valid_accuracy"].argmax(),
}
for name, epoch in best.items():
    print(f"{name:>20}: epoch {epoch + 1:2d}, AUC there {history['valid_auc'][epoch]:.2f}")

# %%
# Subjects average over their windows, so that they are judged well long after single windows have
# become over-confident. With thirty of them every monitor is noisy; with a tenth of a site more so.
epochs = np.arange(1, n_epochs + 1)
panels = {
    "Generating": ("gen_loss", "loss", "Squared error"),
    "Classifying": ("disc_loss", "discriminative_loss", "Cross-entropy of windows"),
}
figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
for ax, (title, (curve, rule, label)) in zip(axes, panels.items(), strict=False):
    ax.plot(epochs, history[f"train_{curve}"], color="0.6", label="training")
    ax.plot(epochs, history[f"valid_{curve}"], color="tab:blue", label="validation")
    ax.axvline(best[rule] + 1, color="tab:red", ls=":", label=f'best by "{rule}"')
    ax.set(title=title, ylabel=label)
axes[2].plot(epochs, history["valid_auc"], color="tab:green", label="AUC")
axes[2].plot(epochs, history["valid_subject_loss"], color="tab:blue", label="cross-entropy")
axes[2].axvline(best["subject_loss"] + 1, color="tab:red", ls=":", label='best by "subject_loss"')
axes[2].set(title="Validation subjects")
for ax in axes:
    ax.set_xlabel("Epoch")
    ax.legend(frameon=False, fontsize="small")
plt.show()
