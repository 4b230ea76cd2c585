"""Which network to train: candidates chosen on half of the sites and judged on the other half.

    python benchmarks/network_study.py run --data-dir D --out DIR [--candidates NAME ...]
    python benchmarks/network_study.py table --out DIR > benchmarks/results/network_study.md

The 599 subjects of the Harvard-Oxford atlas fall into two halves by site. In each half every
candidate is trained on four of five folds over subjects, stratified by class and site, and read on
the fifth; what is best in one half is judged in the other. Runs go on where they stopped.
"""

import argparse
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from skorch.callbacks import Callback

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
from sklearn_lstmdg.baselines import FCSVM
from sklearn_lstmdg.datasets import load_abide
from sklearn_lstmdg.evaluation._metrics import auc_within_sites
from sklearn_lstmdg.preprocessing import ScanCleaner
from sklearn_lstmdg.presets import PAPER

N_FOLDS = 5
EARLY = PAPER | {"input_noise": 0.7, "monitor": "subject_loss", "step": 5}
FIXED = {
    "augment": ("sign", "reverse"),
    "generate_at": "all",
    "discriminative_weight": 1.0,
    "dropout": (0.5, 0.5, 0.0),
    "lr": 3e-3,
    "lr_schedule": "cosine",
    "max_updates": 1000,
    "patience": None,
}
CANDIDATES = {  # parameters, and length and step of windows where they are others
    "default": EARLY,  # of the version before this study
    "default, accuracy decides": EARLY | {"monitor": "accuracy"},
    "fixed": FIXED,
    "fixed, not augmented": FIXED | {"augment": None},
    "fixed, sign alone": FIXED | {"augment": ("sign",)},
    "fixed, last point": FIXED | {"generate_at": "last"},
    "fixed, lambda .1": FIXED | {"discriminative_weight": 0.1},
    "fixed, lambda 10": FIXED | {"discriminative_weight": 10.0},
    "fixed, lr 1e-3": FIXED | {"lr": 1e-3},
    "fixed, lr 1e-2": FIXED | {"lr": 1e-2},
    "fixed, 500 updates": FIXED | {"max_updates": 500},
    "fixed, 2000 updates": FIXED | {"max_updates": 2000},
    "fixed, 4000 updates": FIXED | {"max_updates": 4000},
    "fixed, no noise": FIXED | {"input_noise": 0.0},
    "fixed, noise 1.2": FIXED | {"input_noise": 1.2},
    "fixed, dropout .2": FIXED | {"dropout": (0.2, 0.2, 0.0)},
    "fixed, dropout .5 everywhere": FIXED | {"dropout": 0.5},
    "fixed, K 20": FIXED | {"n_communities": 20},
    "fixed, K 100": FIXED | {"n_communities": 100},
    "fixed, H 50": FIXED | {"n_units": 50},
    "fixed, batches of 128": FIXED | {"batch_size": 128},
    "fixed, decay .1": FIXED | {"weight_decay": 0.1},
    "fixed, mean of weights": FIXED | {"callbacks": "mean"},
    "fixed, windows of 60": FIXED | {"length": 60},
    "fixed, d": FIXED | {"variant": "d"},
    "fixed, h": FIXED | {"variant": "h"},
    "fixed, s": FIXED | {"variant": "s"},
    "fc-svm, windows": None,
    "fc-svm, scans": None,
}


class MeanWeights(Callback):
    """Keep an exponential mean of the weights, over some 100 updates, in place of the last."""

    def on_train_begin(self, net, **kwargs):
        """Start with the first weights."""
        self.mean_ = {k: v.clone() for k, v in net.module_.state_dict().items()}

    def on_batch_end(self, net, training, **kwargs):
        """Go a hundredth of the way to the present weights."""
        for name, weights in net.module_.state_dict().items():
            self.mean_[name].lerp_(weights, 0.01)

    def on_train_end(self, net, **kwargs):
        """Take the mean."""
        net.module_.load_state_dict(self.mean_)


def load(data_dir):
    """Return cleaned scans, labels and sites."""
    how = {"pipeline": "cpac", "band_pass_filtering": True, "global_signal_regression": False}
    cohort = load_abide(data_dir, atlas="ho", quality_checked=True, **how)
    scans = ScanCleaner(regress_global_mean=True).fit_transform(cohort.data)
    return [np.asarray(scan, dtype=np.float32) for scan in scans], cohort.target, cohort.sites


def halve(sites):
    """Return the half of each row: the next site, by size, goes to the smaller half."""
    names, counts = np.unique(sites, return_counts=True)
    sizes, half = [0, 0], {}
    for i in np.argsort(-counts, kind="stable"):
        half[names[i]] = int(np.argmin(sizes))
        sizes[half[names[i]]] += counts[i]
    return np.array([half[site] for site in sites])


def make_folds(y, sites):
    """Return the fold of each row of a half."""
    names, counts = np.unique(sites, return_counts=True)
    large = dict(zip(names, counts >= 20, strict=True))
    strata = [
        f"{label} {site if large[site] else ''}" for label, site in zip(y, sites, strict=True)
    ]
    folds = np.empty(len(y), dtype=int)
    for fold, (_, test) in enumerate(
        StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(strata, strata)
    ):
        folds[test] = fold
    return folds


def read_windows(name, scans, y, is_test, seed):
    """Train on the other rows and return each tested subject's share of votes and mean."""
    settings = dict(CANDIDATES[name])
    length, step = settings.pop("length", 30), settings.pop("step", 1)
    if settings.get("callbacks") == "mean":
        settings["callbacks"] = [MeanWeights()]
    bags = SubsequenceAugmenter(length, step).fit_transform(scans)
    model = LSTMDGClassifier(random_state=seed, **settings)
    model.fit([bags[i] for i in np.flatnonzero(~is_test)], y[~is_test])
    proba = model.predict_window_proba([bags[i] for i in np.flatnonzero(is_test)])
    return [(np.mean(p[:, 1] >= 0.5), p[:, 1].mean()) for p in proba]


def read_connectivity(name, scans, y, is_test):
    """Do the same with FC-SVM."""
    X = scans
    if name == "fc-svm, windows":
        X = SubsequenceAugmenter(30, 5, horizon=0).fit_transform(scans)
    model = FCSVM(random_state=0).fit([X[i] for i in np.flatnonzero(~is_test)], y[~is_test])
    X_test = [X[i] for i in np.flatnonzero(is_test)]
    votes = model.predict_proba(X_test)[:, 1]
    return np.stack([votes, votes], axis=1)


def run_fold(name, half, fold, seed, data_dir, out):
    """Train one candidate on one fold and write what it says of the tested subjects."""
    path = Path(out) / f"{name}-{half}-{fold}-{seed}.npz"
    if path.exists() or (CANDIDATES[name] is None and seed):
        return
    torch.set_num_threads(1)
    scans, y, sites = load(data_dir)
    rows = np.flatnonzero(halve(sites) == half)
    scans, y, sites = [scans[i] for i in rows], y[rows], sites[rows]
    is_test = make_folds(y, sites) == fold
    read = read_connectivity if CANDIDATES[name] is None else partial(read_windows, seed=seed)
    scores = read(name, scans, y, is_test)
    temporary = path.with_suffix(".tmp.npz")
    np.savez(temporary, rows=rows[is_test], y=y[is_test], sites=sites[is_test], scores=scores)
    temporary.replace(path)


def load_half(out, name, half, seed):
    """Return labels, sites and scores (n_subjects, 2) of a half, or None where folds miss."""
    paths = [Path(out) / f"{name}-{half}-{fold}-{seed}.npz" for fold in range(N_FOLDS)]
    if not all(path.exists() for path in paths):
        return None
    runs = [np.load(path) for path in paths]
    return [np.concatenate([run[key] for run in runs]) for key in ("y", "sites", "scores")]


def judge(out, name, half, seeds, column):
    """Return AUC, AUC within sites and accuracy of the seeds' mean scores in a half."""
    runs = [load_half(out, name, half, seed) for seed in seeds]
    if any(run is None for run in runs):
        return None
    y, sites = runs[0][:2]
    score = np.mean([run[2][:, column] for run in runs], axis=0)
    within = auc_within_sites(y, score, sites)
    return roc_auc_score(y, score), within, np.mean((score > 0.5) == y)


def judgements(out):
    """Return what each candidate, one or three nets, votes or means, has in both halves."""
    found = {}
    for name, seeds, column in product(CANDIDATES, [(0,), (1,), (2,), (0, 1, 2)], [0, 1]):
        halves = [judge(out, name, half, seeds, column) for half in (0, 1)]
        if None not in halves:
            nets = "3 nets" if len(seeds) > 1 else f"seed {seeds[0]}"
            found[name, nets, ("votes", "mean")[column]] = halves
    return found


def table(out):
    """Print all judgements, and what each half chooses for the other."""
    found = judgements(out)
    print("AUC, AUC within sites, accuracy of the subjects of each half of the sites.\n")
    print("| candidate | nets | score | first half | second half | mean AUC |")
    print("| --- | --- | --- | --- | --- | --- |")
    for key, halves in found.items():
        cells = [f"{auc:.3f}, {inside:.3f}, {acc:.3f}" for auc, inside, acc in halves]
        mean = np.mean([half[0] for half in halves])
        print("| " + " | ".join([*key, *cells]) + f" | {mean:.3f} |")
    nets = {k: v for k, v in found.items() if not k[0].startswith("fc")}
    print("\n| chosen in | candidate | nets | score | AUC there | AUC in the other half |")
    print("| --- | --- | --- | --- | --- | --- |")
    for here, where in enumerate(("first half", "second half")):
        best = max(nets, key=lambda key: nets[key][here][0])
        aucs = f"{nets[best][here][0]:.3f} | {nets[best][1 - here][0]:.3f}"
        print(f"| {where} | " + " | ".join(best) + f" | {aucs} |")


def main():
    """Run folds, or print the table of the finished ones."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--data-dir")
    parser.add_argument("--out", required=True)
    parser.add_argument("--candidates", choices=CANDIDATES, nargs="+", default=list(CANDIDATES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--n-jobs", type=int, default=1)
    args = parser.parse_args()
    if args.action == "table":
        return table(args.out)
    Path(args.out).mkdir(parents=True, exist_ok=True)
    tasks = product(args.seeds, args.candidates, (0, 1), range(N_FOLDS))
    where = args.data_dir, args.out
    Parallel(args.n_jobs, verbose=5)(
        delayed(run_fold)(name, half, fold, seed, *where) for seed, name, half, fold in tasks
    )


if __name__ == "__main__":
    main()
