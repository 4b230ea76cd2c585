"""
A brain at rest: regions that mirror each other
===============================================

One measured scan, 250 volumes of 28 regions, which the package nitime carries. Thirteen regions are
there twice, left and right, and at rest the two of a pair act together. Nothing tells the network
which column is whose mirror: does it find out?
"""

# %%
# The table also has white matter, ventricles and the whole brain, which are no regions. Nitime's
# own example of these series names a repetition time of 1.89 s.
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
import pandas

from sklearn_lstmdg import LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.presets import COMMUNITIES

table = pandas.read_csv(files("nitime") / "data" / "fmri_timeseries.csv")
table = table.drop(columns=["WM", "Vent", "Brain"])
left_ones = [region for region in table if region.startswith("L")]
pairs = [(left, "R" + left[1:]) for left in left_ones if "R" + left[1:] in table]
alone = [region for region in table if region not in np.ravel(pairs)]
table = table[[region for pair in pairs for region in pair] + alone]
print(len(table), "volumes,", len(pairs), "pairs, and", *alone)

# %%
# The first half trains, the second tests; each is cleaned by itself.
halves = table.to_numpy().reshape(2, 125, -1)
halves = ScanCleaner(band_pass=(0.01, 0.15), t_r=1.89).fit_transform(halves)
early, late = SubsequenceAugmenter(length=30).fit_transform(halves)

# %%
# A single scan has no classes to tell apart. The network still wants two: windows are labelled 0
# and 1 in turn, and that task gets next to no weight, so that the network learns to generate.
settings = COMMUNITIES | {"n_communities": 8, "n_units": 4, "discriminative_weight": 1e-3}
network = LSTMDGClassifier(**settings, random_state=0)
network.fit(early, np.arange(len(early)) % 2)

# %%
# Regions are alike if they belong to the same communities.
alike = np.corrcoef(network.membership_)
mirrored = alike[np.arange(0, 26, 2), np.arange(1, 26, 2)]
others = alike[np.triu_indices(len(alike), 1)]
print(f"correlation of memberships: {mirrored.mean():.2f} in mirrored pairs")
print(f"                            {others.mean():.2f} over all pairs")

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 5.5), layout="constrained")
left.imshow(network.membership_, aspect="auto", cmap="magma_r")
left.set_yticks(range(table.shape[1]), table.columns, fontsize=8)
left.set(xlabel="Community", title="Memberships: mirrored regions are neighbours")
right.hist(others, bins=20, density=True, color="0.8", label="all pairs")
right.plot(mirrored, np.zeros(13), "|", color="C3", markersize=30, label="mirrored pairs")
right.set(xlabel="Correlation of two regions' memberships", ylabel="Density")
right.legend(frameon=False)

# %%
# And does it generate? The windows of the second half have a point that was not read, to compare
# with; so have two simple forecasts, the last point again and each region's mean.
read, following = late[:, :-1], late[:, -1]
forecasts = {
    "network": network.generate(read)[:, 0],
    "last point": read[:, -1],
    "mean": np.zeros_like(following),
}
for name, forecast in forecasts.items():
    print(f"{name:10} squared error {np.mean((forecast - following) ** 2):.2f}")

# %%
# One scan of one person: that mirrored regions are found says that the communities have to do with
# the brain, and nothing about another brain. Band-passed series hardly change from one point to the
# next, so that repeating the last point is by far the better forecast: the noise that these
# settings add to the input, for the communities' sake, hides what the last point says.
