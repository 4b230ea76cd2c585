"""
More than two classes: digits read row by row
=============================================

Nothing in the network is about brains. scikit-learn's digits have eight rows of eight pixels: read
from the top, a picture is a series of eight points and eight channels. The generative path then
paints the row that comes next.
"""

# %%
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score
from sklearn.model_selection import train_test_split

from sklearn_lstmdg import LSTMDGClassifier

digits = load_digits()
scans = digits.images / 16
X_train, X_test, y_train, y_test = train_test_split(
    scans, digits.target, test_size=400, stratify=digits.target, random_state=0
)

# %%
# With ``horizon=1`` the last row is never read: it is what the net learns to paint. Pixels lie
# between 0 and 1, so that the noise added to the training input is scaled down as well. A picture
# upside down, or in negative, is another one, so nothing may be turned: ``augment=None``.
model = LSTMDGClassifier(
    n_communities=32,
    n_units=32,
    augment=None,
    dropout=0.1,
    input_noise=0.1,
    lr=1e-2,
    random_state=0,
)
model.fit(X_train, y_train)
predicted = model.predict(X_test)
print(f"Accuracy on {len(y_test)} test pictures: {accuracy_score(y_test, predicted):.2f}")

# %%
# One logit per class, softmax over classes; everything else is as with two.
figure, axes = plt.subplots(figsize=(5, 4.6), layout="constrained")
ConfusionMatrixDisplay.from_predictions(y_test, predicted, cmap="Blues", colorbar=False, ax=axes)
axes.set_title("Digits, read without their last row")

# %%
# Seven rows are given, the eighth is generated (below the red line; the true picture above).
painted = X_test.copy()
painted[:, 7] = model.generate(X_test[:, :7])[:, 0]
figure, axes = plt.subplots(2, 8, figsize=(9, 2.9), layout="constrained")
for column, (true, guess) in enumerate(zip(X_test[:8], painted[:8], strict=True)):
    for ax, picture in zip(axes[:, column], (true, guess), strict=True):
        ax.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
        ax.axhline(6.5, color="tab:red", lw=1)
        ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("true")
axes[1, 0].set_ylabel("generated")
plt.show()
