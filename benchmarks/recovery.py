"""Recovery of planted communities by five methods, against noise and number of subjects.

Every method gets the same cleaned scans and as many communities, twice those that were planted;
what it finds is judged by ``community_recovery``. Memberships of a network are near chance after
few epochs, and where early stopping watches the subjects: they belong to the generative half, so
that the networks here train by the total loss with long patience, and for the same number of
updates however many subjects there are. Even so ``--quick`` trains too little to rank the methods.

"LSTM-DG, one net" trains otherwise, 1,000 updates at all points, and "LSTM-DG, common" is what
eight such nets have in common (``common_communities.py``).

Rows are kept in a CSV file as they are finished; the same command goes on where it stopped.

    OMP_NUM_THREADS=1 python benchmarks/recovery.py --out recovery.csv
    OMP_NUM_THREADS=1 python benchmarks/recovery.py --out quick.csv --quick
    python benchmarks/recovery.py --out recovery.csv --figure recovery.png
"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
import pandas
from common_communities import N_NETS, TRAINING
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF

from sklearn_lstmdg import LSTMDGClassifier, ParafacCommunities, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.communities import common_memberships
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import community_recovery
from sklearn_lstmdg.models import make_model
from sklearn_lstmdg.plotting import RecoveryDisplay
from sklearn_lstmdg.presets import PAPER

# Cells are pairs of noise and number of subjects: two lines that cross at the middle noise.
FULL = {
    "cells": [
        *((noise, 80) for noise in (0.5, 1.0, 1.5, 2.0, 3.0)),
        (1.5, 10),
        (1.5, 20),
        (1.5, 40),
    ],
    "seed": tuple(range(3)),
    "cohort": {"n_timepoints": 176, "n_rois": 60, "n_communities": 8},
    "n_updates": 6000,
}
QUICK = {
    "cells": [(0.5, 16), (2.0, 16)],
    "seed": (0,),
    "cohort": {"n_timepoints": 100, "n_rois": 24, "n_communities": 4},
    "n_updates": 1000,
}
KEYS = ("method", "noise", "n_subjects", "seed")
EARLIER = PAPER | {"n_units": 8, "lr": 5e-3, "input_noise": 0.7, "patience": 30}
LENGTH, STEP, BATCH = 30, 5, 32


def fit_network(variant, cohort, n_communities, n_updates, seed):
    """Return the memberships of a network that generates."""
    n_subjects, n_timepoints, _ = cohort.data.shape
    n_windows = n_subjects * ((n_timepoints - LENGTH - 1) // STEP + 1)
    sizes = {"n_communities": n_communities, "max_epochs": -(-n_updates * BATCH // n_windows)}
    settings = EARLIER | sizes | {"variant": variant, "random_state": seed}
    model = make_model("lstm-dg", LENGTH, STEP, **settings)
    return model.fit(cohort.data, cohort.target)[-1].membership_


def fit_common(n_nets, cohort, n_communities, n_updates, seed):
    """Return what some nets have in common, or the memberships of one."""
    windows = SubsequenceAugmenter(LENGTH, STEP).fit_transform(
        ScanCleaner().fit_transform(cohort.data)
    )
    settings = TRAINING | {"n_communities": n_communities}
    models = [LSTMDGClassifier(**settings, random_state=100 * seed + n) for n in range(n_nets)]
    found = [model.fit(windows, cohort.target).membership_ for model in models]
    return found[0] if n_nets == 1 else common_memberships(found, n_communities)


def fit_parafac(cohort, n_communities, n_updates, seed):
    """Return the memberships of the non-negative tensor decomposition."""
    scans = ScanCleaner().fit_transform(cohort.data)
    windows = SubsequenceAugmenter(LENGTH, STEP, horizon=0).fit_transform(scans)
    return ParafacCommunities(n_communities, random_state=seed).fit(windows).membership_


def fit_nmf(cohort, n_communities, n_updates, seed):
    """Return the factors of the mean absolute connectivity."""
    strength = np.abs(connectivity(cohort)).mean(axis=0)
    return NMF(n_communities, max_iter=2000, random_state=seed).fit_transform(strength)


def fit_kmeans(cohort, n_communities, n_updates, seed):
    """Return clusters of the ROIs' mean connectivity profiles, as memberships 0 and 1."""
    profiles = connectivity(cohort).mean(axis=0)
    labels = KMeans(n_communities, n_init=10, random_state=seed).fit_predict(profiles)
    return np.eye(n_communities)[labels]


def connectivity(cohort):
    """Return each subject's Pearson connectivity."""
    return np.stack([np.corrcoef(scan.T) for scan in cohort.data])


METHODS = {
    "LSTM-DG": lambda *args: fit_network("dg", *args),
    "LSTM-H": lambda *args: fit_network("h", *args),
    "LSTM-DG, one net": lambda *args: fit_common(1, *args),
    "LSTM-DG, common": lambda *args: fit_common(N_NETS, *args),
    "PARAFAC": fit_parafac,
    "NMF": fit_nmf,
    "k-means": fit_kmeans,
}


def measure(study, method, noise, n_subjects, seed):
    """Return one row: what was asked, recovery, and seconds."""
    cohort = make_scans(n_subjects, noise=noise, random_state=seed, **study["cohort"])
    n_communities = 2 * study["cohort"]["n_communities"]
    begin = time.perf_counter()
    membership = METHODS[method](cohort, n_communities, study["n_updates"], seed)
    seconds = time.perf_counter() - begin
    recovery = community_recovery(membership, cohort.membership, random_state=0)
    asked = dict(zip(KEYS, (method, noise, n_subjects, seed), strict=True))
    return asked | recovery | {"seconds": round(seconds, 2)}


def run(study, out, methods):
    """Measure what the file lacks, and write it after every row."""
    rows = pandas.read_csv(out).to_dict("records") if out.exists() else []
    finished = {tuple(row[key] for key in KEYS) for row in rows}
    for seed, (noise, n_subjects), method in itertools.product(
        study["seed"], study["cells"], methods
    ):
        if (method, noise, n_subjects, seed) in finished:
            continue
        rows.append(measure(study, method, noise, n_subjects, seed))
        temporary = out.with_suffix(".tmp")
        pandas.DataFrame(rows).to_csv(temporary, index=False)
        temporary.replace(out)
    return pandas.DataFrame(rows)


def draw(rows, path, dpi=110):
    """Draw recovery against noise (at most subjects) and against subjects (at middle noise)."""
    import matplotlib.pyplot as plt

    most, noises = rows["n_subjects"].max(), np.sort(rows["noise"].unique())
    middle = noises[len(noises) // 2]
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
    RecoveryDisplay(rows[rows["n_subjects"] == most], "noise").plot(axes[0])
    RecoveryDisplay(rows[rows["noise"] == middle], "n_subjects").plot(axes[1])
    axes[0].get_legend().remove()
    axes[1].set_ylabel("")
    axes[0].set_title(f"{most} subjects")
    axes[1].set_title(f"Noise {middle:g}")
    figure.savefig(path, dpi=dpi)


def main():
    """Measure, print means over seeds, and draw if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=Path("recovery.csv"))
    parser.add_argument("--quick", action="store_true", help="a small study, within a minute")
    parser.add_argument("--methods", choices=METHODS, nargs="+", default=list(METHODS))
    parser.add_argument("--subjects", type=int, nargs="+", help="cells of these numbers alone")
    parser.add_argument("--figure", type=Path, help="draw into this file")
    options = parser.parse_args()
    study = QUICK if options.quick else FULL
    if options.subjects:
        cells = [cell for cell in study["cells"] if cell[1] in options.subjects]
        study = study | {"cells": cells}
    rows = run(study, options.out, options.methods)
    scores = ["dice", "dice_null", "dice_adjusted", "correlation_adjusted", "dead", "seconds"]
    means = rows.groupby(["noise", "n_subjects", "method"], sort=False)[scores].mean()
    print(means.round(3).to_string())
    if options.figure is not None:
        draw(rows, options.figure)


if __name__ == "__main__":
    main()
