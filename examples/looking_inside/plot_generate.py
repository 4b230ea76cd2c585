"""
Letting the network go on with a scan
=====================================

The generative path predicts the next time point; more steps feed its predictions back. Two simple
forecasts tell how good that is: the last point again, and zero, which is each ROI's mean.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from sklearn_lstmdg import LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.datasets import make_scans

cohort = make_scans(n_subjects=40, n_timepoints=150, n_rois=20, noise=0.5, random_state=0)
scans = ScanCleaner().fit_transform(cohort.data)
train, test = np.arange(30), np.arange(30, 40)

# %%
# Here only generation counts: a small weight of the class, and little noise. Noise in training
# makes the net robust to its own errors, which it reads again.
model = LSTMDGClassifier(
    n_communities=24, discriminative_weight=0.01, input_noise=0.2, random_state=0
)
bags = SubsequenceAugmenter(length=30, step=5).fit_transform(scans)
model.fit(bags[train], cohort.target[train])

# %%
# Read 30 points of test subjects' scans, go on for six, compare with what came.
n_steps = 6
windows = SubsequenceAugmenter(length=30, step=10, horizon=n_steps).fit_transform(scans[test])
windows = windows.reshape(-1, 30 + n_steps, 20)
seen, truth = windows[:, :30], windows[:, 30:]
forecasts = {
    "LSTM-DG": model.generate(seen, n_steps),
    "last point again": np.repeat(seen[:, -1:], n_steps, axis=1),
    "mean": np.zeros_like(truth),
}

# %%
# One point ahead the net is best; four points ahead, eight seconds, the mean is no worse. The net
# was trained for one step only.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
for roi, colour in enumerate(("tab:blue", "tab:orange", "tab:green")):
    left.plot(np.arange(30), seen[4, :, roi], color=colour)
    left.plot(np.arange(29, 36), windows[4, 29:, roi], color=colour, ls=":")
    left.plot(np.arange(30, 36), forecasts["LSTM-DG"][4, :, roi], "o", color=colour, ms=4)
left.axvline(29.5, color="0.7", lw=1)
left.set(xlabel="Time point", title="Three ROIs: read (line), true (dotted), generated (dots)")
left.title.set_fontsize("medium")
for name, forecast in forecasts.items():
    right.plot(range(1, 7), ((forecast - truth) ** 2).mean(axis=(0, 2)), "o-", label=name)
right.set(xlabel="Points ahead", ylabel="Mean squared error", title="Test subjects", ylim=(0, None))
right.legend(frameon=False)
plt.show()
