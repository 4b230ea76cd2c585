"""
How much of a difference is chance
==================================

Two models that are equally good do not score alike: each errs on other subjects. This page asks
how far apart chance alone puts them at a site of a given size, and what repeating folds can do.
"""

# %%
# Two models that are each right on 70 % of subjects. How often both are right together, the
# agreement, sets how far they can differ. The sizes are the paper's sites and all of ABIDE I.
import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(0)
accuracy, correlation = 0.7, 0.5
sites = {"UC": 99, "US": 101, "UM": 143, "NY": 184, "all": 1000}


def draw_differences(n_subjects, n_draws=20_000):
    """Return differences of accuracy, in points, between two equally good models."""
    variance = accuracy * (1 - accuracy)
    both = accuracy**2 + correlation * variance
    one = accuracy - both
    counts = rng.multinomial(n_subjects, [both, one, one, 1 - both - 2 * one], n_draws)
    return 100 * (counts[:, 1] - counts[:, 2]) / n_subjects


differences = {site: draw_differences(n) for site, n in sites.items()}
for site, points in differences.items():
    print(f"{site:>3} ({sites[site]:4d}): standard deviation {points.std():.1f} points")

# %%
# At one site, 3 to 5 points up or down are what chance does to two equal models; one pair in twenty
# is further apart than the grey whiskers. Published differences between models are often smaller.
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
places = np.arange(len(sites))
for level, colour, width in ((95, "0.8", 4), (68, "tab:blue", 10)):
    reach = np.percentile(np.abs(list(differences.values())), level, axis=1)
    axes.vlines(places, -reach, reach, color=colour, lw=width, label=f"{level} % of pairs")
axes.axhline(0, color="0.3", lw=1)
axes.set_xticks(places, [f"{site}\n{n} subjects" for site, n in sites.items()])
axes.set(ylabel="Difference of accuracy (points)", title="Two models, both right on 70 %")
axes.legend(frameon=False)

# %%
# New seeds and new folds average out the training's share of chance. They do not bring new
# subjects: what is left is drawn above, and :func:`~sklearn_lstmdg.evaluation.test_against` tests
# against it, with the corrected t-test and by swapping the two models subject by subject.
plt.show()
