"""
Cleaning as a step of the Pipeline
==================================

The network reads its input as it is, so that series have to be standardized first.
:class:`~sklearn_lstmdg.ScanCleaner` does this subject by subject and, where wanted, filters and
regresses the mean over ROIs. As a step of a Pipeline its settings can be searched like any other.
"""

# %%
# Scans as they might come: a slow drift, a fluctuation that all ROIs share, an arbitrary scale.
import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import periodogram
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import FCSVM, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.datasets import make_scans

cohort = make_scans(n_subjects=40, n_timepoints=150, n_rois=24, random_state=1)
rng = np.random.default_rng(0)
seconds = 2.0 * np.arange(150)
shared = rng.standard_normal((40, 150, 1)) * 2
drift = np.linspace(-6, 6, 150)[:, None] * rng.standard_normal((40, 1, 24))
raw = 500 + 8 * (cohort.data + drift + shared)

# %%
cleaner = ScanCleaner(band_pass=(0.01, 0.1), t_r=2.0, regress_global_mean=True)
clean = cleaner.fit_transform(raw)

figure, axes = plt.subplots(2, 2, figsize=(9, 5), layout="constrained")
for row, (name, scans) in zip(axes, {"Raw": raw, "Cleaned": clean}.items(), strict=True):
    row[0].plot(seconds, scans[0, :, :3])
    row[0].set(title=f"{name}: three ROIs of one subject", xlabel="Time (s)", ylabel="Signal")
    frequency, power = periodogram(scans[0], fs=0.5, axis=0)
    row[1].semilogy(frequency[1:], power[1:].mean(axis=1), color="0.3")
    row[1].axvspan(0.01, 0.1, color="tab:green", alpha=0.15)
    row[1].set(title=f"{name}: mean power of all ROIs", xlabel="Frequency (Hz)", ylabel="Power")
axes[1, 1].set_ylim(1e-4, None)

# %%
# The whole way from raw scans to a decision is one estimator. A search may ask whether a step
# helps; cleaning learns nothing across subjects, so that it cannot leak.
model = make_pipeline(
    ScanCleaner(t_r=2.0),
    SubsequenceAugmenter(length=30, step=10, horizon=0),
    FCSVM(Cs=[0.01], random_state=0),
)
search = GridSearchCV(
    model,
    {
        "scancleaner__band_pass": [None, (0.01, 0.1)],
        "scancleaner__regress_global_mean": [False, True],
    },
    scoring="roc_auc",
    cv=StratifiedKFold(5, shuffle=True, random_state=0),
)
search.fit(raw, cohort.target)
for parameters, score in zip(
    search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
):
    print(f"AUC {score:.2f}", parameters)
