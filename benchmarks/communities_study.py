"""How to train for communities that are robust and distinct, beside PARAFAC's.

    python benchmarks/communities_study.py run --data-dir D --out DIR [--candidates NAME ...]
    python benchmarks/communities_study.py table --out DIR > benchmarks/results/communities_study.md

NYU, 172 subjects, Harvard-Oxford atlas. A fold's memberships are learnt from the subjects of the
other nine; communities are compared with the first fold's. Copies of one community are found again
easily, so robustness counts at the same redundancy only. Runs go on where they stopped.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from scipy.optimize import linear_sum_assignment
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import Bunch
from skorch.callbacks import Callback

from sklearn_lstmdg import LSTMDGClassifier, ParafacCommunities, SubsequenceAugmenter
from sklearn_lstmdg.datasets import load_abide
from sklearn_lstmdg.evaluation import measure_communities, summarize_robustness
from sklearn_lstmdg.preprocessing import ScanCleaner

N_FOLDS = 10
GENERATIVE = {
    "augment": None,
    "generate_at": "all",
    "discriminative_weight": 0.1,
    "dropout": (0.5, 0.5, 0.0),
    "lr": 3e-3,
    "lr_schedule": "cosine",
    "max_updates": 1000,
    "patience": None,
}
CANDIDATES = {  # "n_seeds": memberships of several nets, matched and averaged
    "generative": GENERATIVE,
    "generative, dropout .2": GENERATIVE | {"dropout": (0.5, 0.5, 0.2)},
    "generative, dropout .5": GENERATIVE | {"dropout": 0.5},
    "generative, last point, dropout .5": GENERATIVE | {"dropout": 0.5, "generate_at": "last"},
    "generative, 4000 updates": GENERATIVE | {"max_updates": 4000},
    "generative, no noise": GENERATIVE | {"input_noise": 0.0},
    "generative, lambda 1": GENERATIVE | {"discriminative_weight": 1.0},
    "generative, sign": GENERATIVE | {"augment": ("sign",)},
    "generative, K 20": GENERATIVE | {"n_communities": 20},
    "generative, K 20, dropout .5": GENERATIVE | {"n_communities": 20, "dropout": 0.5},
    "generative, 5 nets": GENERATIVE | {"n_seeds": 5},
    "generative, dropout .5, 5 nets": GENERATIVE | {"dropout": 0.5, "n_seeds": 5},
    "generative, overlap .01": GENERATIVE | {"overlap": 0.01},
    "generative, overlap .1": GENERATIVE | {"overlap": 0.1},
    "generative, overlap 1": GENERATIVE | {"overlap": 1.0},
    "generative, dropout .5, overlap .1": GENERATIVE | {"dropout": 0.5, "overlap": 0.1},
    "generative, dropout .5, overlap 1": GENERATIVE | {"dropout": 0.5, "overlap": 1.0},
    "the same first weights": GENERATIVE | {"init_seed": 0},
    "the same first weights, 500 updates": GENERATIVE | {"init_seed": 0, "max_updates": 500},
    "the same first weights, 500 updates, dropout .5": GENERATIVE
    | {"init_seed": 0, "max_updates": 500, "dropout": 0.5},
    "500 updates": GENERATIVE | {"max_updates": 500},
    "parafac": None,
}


class Overlap(Callback):
    """Penalise overlapping communities by the squared cosines of memberships' columns."""

    def __init__(self, weight):
        self.weight = weight

    def on_grad_computed(self, net, **kwargs):
        """Add the penalty's gradient to that of the memberships."""
        membership = net.module_.generative_dense.weight
        own = membership.detach().clone().requires_grad_()
        columns = torch.nn.functional.normalize(own, dim=0)
        cosines = columns.T @ columns - torch.eye(own.shape[1])
        (self.weight * cosines.square().mean()).backward()
        membership.grad.add_(own.grad)


def load(data_dir):
    """Return cleaned scans and labels."""
    how = {"pipeline": "cpac", "band_pass_filtering": True, "global_signal_regression": False}
    cohort = load_abide(data_dir, atlas="ho", sites=["NYU"], quality_checked=True, **how)
    scans = ScanCleaner(regress_global_mean=True).fit_transform(cohort.data)
    return [np.asarray(scan, dtype=np.float32) for scan in scans], cohort.target


def average(memberships):
    """Return the mean of memberships whose columns are matched to the first one's, one to one."""
    first, *others = (m / np.linalg.norm(m, axis=0).clip(1e-12) for m in memberships)
    total, n = first.copy(), first.shape[1]
    for other in others:
        alike = np.nan_to_num(np.corrcoef(first.T, other.T)[:n, n:])
        total += other[:, linear_sum_assignment(-alike)[1]]
    return total / len(memberships)


def learn(name, fold, scans, y):
    """Return memberships (n_rois, n_communities); each fold has seeds of its own."""
    if CANDIDATES[name] is None:
        bags = SubsequenceAugmenter(30, 15, horizon=0).fit_transform(scans)
        return ParafacCommunities(n_communities=50, random_state=fold).fit(bags).membership_
    settings = dict(CANDIDATES[name])
    n_seeds, overlap = settings.pop("n_seeds", 1), settings.pop("overlap", 0)
    bags = SubsequenceAugmenter(30).fit_transform(scans)
    callbacks = [Overlap(overlap)] if overlap else None
    models = [
        LSTMDGClassifier(random_state=100 * fold + n, callbacks=callbacks, **settings).fit(bags, y)
        for n in range(n_seeds)
    ]
    return average([model.membership_ for model in models])


def run_fold(name, fold, data_dir, out):
    """Learn one fold's memberships and write them."""
    path = Path(out) / f"{name}-{fold}.npy"
    if path.exists():
        return
    torch.set_num_threads(1)
    scans, y = load(data_dir)
    cv = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    rows = list(cv.split(y, y))[fold][0]
    membership = learn(name, fold, [scans[i] for i in rows], y[rows])
    temporary = path.with_suffix(".tmp.npy")
    np.save(temporary, membership)
    temporary.replace(path)


def table(out):
    """Print size, redundancy, robustness and null of what has two folds or more."""
    names = ["correlation", "dice", "matched_correlation", "matched_dice"]
    heads = ["ROIs", "dead", "redundancy", "effective", *names]
    print("Mean (null) over the pairs of the first fold with the others.\n")
    print("| candidate | folds | " + " | ".join(heads) + " |\n" + "| --- " * (len(heads) + 2) + "|")
    for name in CANDIDATES:
        paths = sorted(Path(out).glob(f"{name}-?.npy"))
        folds = {
            (name, "NYU", 0, int(path.stem[-1])): Bunch(membership=np.load(path), influence=None)
            for path in paths
        }
        if len(folds) < 2:
            continue
        (row,) = summarize_robustness(*measure_communities(folds, 20, 0)).to_dict("records")
        cells = [f"{row['size']:.1f}", f"{row['dead']:.2f}", f"{row['redundancy']:.3f}"]
        cells += [f"{row['n_effective']:.1f}"]
        cells += [f"{row[m]:.3f} ({row[f'{m}_null']:.3f})" for m in names]
        print(f"| {name} | {len(folds)} | " + " | ".join(cells) + " |")


def main():
    """Run folds, or print the table of the finished ones."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--data-dir")
    parser.add_argument("--out", required=True)
    parser.add_argument("--candidates", choices=CANDIDATES, nargs="+", default=list(CANDIDATES))
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(N_FOLDS)))
    parser.add_argument("--n-jobs", type=int, default=1)
    args = parser.parse_args()
    if args.action == "table":
        return table(args.out)
    Path(args.out).mkdir(parents=True, exist_ok=True)
    Parallel(args.n_jobs, verbose=5)(
        delayed(run_fold)(name, fold, args.data_dir, args.out)
        for name, fold in product(args.candidates, args.folds)
    )


if __name__ == "__main__":
    main()
