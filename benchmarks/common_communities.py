"""Communities that several nets have in common: how robust and how distinct, beside PARAFAC's.

    python benchmarks/common_communities.py run --data-dir D --out DIR [--candidates NAME ...]
    python benchmarks/common_communities.py table --out DIR --csv network_communities.csv
    python benchmarks/common_communities.py draw --out DIR --figures docs/images

NYU in the Harvard-Oxford atlas, or UM_1 in AAL (``--site``). Ten folds over subjects; as in a
comparison, one is tested, the next one validates, and all methods learn from the other eight. Every
net has first weights of its own, in every fold: what folds have in common comes from the scans.
Runs go on where they stopped.
"""

import argparse
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pandas
import torch
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import Bunch
from skorch.callbacks import Callback

from sklearn_lstmdg import LSTMDGClassifier, ParafacCommunities, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.communities import common_memberships, correlate
from sklearn_lstmdg.datasets import load_abide
from sklearn_lstmdg.evaluation import measure_communities, summarize_robustness
from sklearn_lstmdg.plotting import RobustnessDisplay
from sklearn_lstmdg.presets import COMMUNITIES

N_FOLDS, LENGTH, PARAFAC_STEP, N_NETS = 10, 30, 15, COMMUNITIES["n_nets"]
MEASURES = ("correlation", "dice", "matched_correlation", "matched_dice")
SITES = {  # how scans are loaded, and whether their mean over ROIs is regressed
    "NYU": ({"atlas": "ho", "global_signal_regression": False, "quality_checked": True}, True),
    "UM_1": ({"atlas": "aal"}, False),
}
TRAINING = COMMUNITIES | {"n_nets": 1}  # seeds of their own let nets train one by one
CANDIDATES = {  # parameters; "density" and "overlap" weigh penalties on the memberships
    "parafac": {},
    "parafac, K 20": {"n_communities": 20},
    "nmf": {},
    "nmf, K 20": {"n_communities": 20},
    "net": TRAINING,
    "net, h": TRAINING | {"variant": "h"},
    "net, first weights alike": TRAINING | {"init_seed": 0},
    "net, K 20": TRAINING | {"n_communities": 20},
    "net, 500 updates": TRAINING | {"max_updates": 500},
    "net, 2000 updates": TRAINING | {"max_updates": 2000},
    "net, last point": TRAINING | {"generate_at": "last"},
    "net, not turned": TRAINING | {"augment": None},
    "net, no noise": TRAINING | {"input_noise": 0.0},
    "net, lambda 1": TRAINING | {"discriminative_weight": 1.0},
    "net, dropout .2": TRAINING | {"dropout": (0.5, 0.5, 0.2)},
    "net, dropout .5": TRAINING | {"dropout": 0.5},
    "net, density .3": TRAINING | {"density": 0.3},
    "net, overlap .03": TRAINING | {"overlap": 0.03},
}
N_COMMON = (12, 16, 20, 30)  # communities that are looked for in several nets
FAMILIES = {  # what is drawn: rows of the table, and their numbers of communities
    "PARAFAC": {"parafac, K 20": 20, "parafac": 50},
    "NMF of the mean connectivity": {"nmf, K 20": 20, "nmf": 50},
    "one net": {"net, K 20": 20, "net": 50},
    f"{N_NETS} nets, matched and averaged": {f"net: {N_NETS} matched and averaged": 50},
    f"common to {N_NETS} nets": {f"net: {n} common to {N_NETS}": n for n in N_COMMON},
    f"LSTM-H, common to {N_NETS} nets": {f"net, h: 20 common to {N_NETS}": 20},
}
BOXES = {  # what is drawn fold by fold, 20 communities each: rows of the table
    f"LSTM-DG, {N_NETS} nets": f"net: 20 common to {N_NETS}",
    f"LSTM-H, {N_NETS} nets": f"net, h: 20 common to {N_NETS}",
    "PARAFAC": "parafac, K 20",
    "NMF": "nmf, K 20",
}


class DistinctMemberships(Callback):
    r"""Add a penalty on dense and on overlapping columns to the loss.

    Neither depends on a column's scale: ``density`` weighs the mean of
    :math:`\|w_k\|_1 / (\sqrt R \, \|w_k\|_2)`, ``overlap`` the mean over k of
    :math:`\sum_{j \ne k} \cos^2(w_j, w_k)`.
    """

    def __init__(self, density=0.0, overlap=0.0):
        self.density = density
        self.overlap = overlap

    def on_grad_computed(self, net, **kwargs):
        """Add the penalty's gradient to that of the memberships."""
        weight = net.module_.generative_dense.weight
        free = weight.detach().clone().requires_grad_()
        with torch.enable_grad():
            unit = free / free.norm(dim=0).clamp(min=1e-6)
            cosines = (unit.T @ unit).square()
            overlap = (cosines.sum() - cosines.diagonal().sum()) / unit.shape[1]
            density = unit.abs().sum(dim=0).mean() / len(unit) ** 0.5
            (self.density * density + self.overlap * overlap).backward()
        weight.grad.add_(free.grad)


def average_memberships(memberships):
    """Average nets' columns, matched one to one with those of the first net."""
    columns = [m / np.maximum(np.linalg.norm(m, axis=0), 1e-12) for m in memberships]
    pairs = [linear_sum_assignment(correlate(columns[0], c), maximize=True)[1] for c in columns]
    return np.mean([c[:, pair] for c, pair in zip(columns, pairs, strict=True)], axis=0)


def factorise(strength, n_communities):
    """Return non-negative factors of a matrix of ROIs by ROIs, from a start that is not drawn."""
    nmf = NMF(n_communities, init="nndsvda", max_iter=1000, random_state=0)
    return nmf.fit_transform(strength)


def load(data_dir, site):
    """Return a site's cleaned scans and labels."""
    how, regress = SITES[site]
    cohort = load_abide(data_dir, pipeline="cpac", sites=[site], **how)
    scans = ScanCleaner(regress_global_mean=regress).fit_transform(cohort.data)
    return [np.asarray(scan, dtype=np.float32) for scan in scans], cohort.target


def training_rows(y, fold):
    """Return the rows that train in a fold."""
    splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    parts = [test for _, test in splitter.split(y, y)]
    held_out = parts[fold], parts[(fold + 1) % N_FOLDS]
    return np.setdiff1d(np.arange(len(y)), np.concatenate(held_out))


def learn(name, scans, y, seed):
    """Return the memberships that a candidate learns from scans."""
    settings = dict(CANDIDATES[name])
    if name.startswith("parafac"):
        windows = SubsequenceAugmenter(LENGTH, PARAFAC_STEP, horizon=0).fit_transform(scans)
        return ParafacCommunities(**settings, random_state=seed).fit(windows).membership_
    if name.startswith("nmf"):
        strength = np.mean([np.nan_to_num(np.corrcoef(scan.T)) for scan in scans], axis=0)
        return factorise(strength.clip(0), settings.get("n_communities", 50))
    weights = {key: settings.pop(key) for key in ("density", "overlap") if key in settings}
    callbacks = [DistinctMemberships(**weights)] if weights else None
    windows = SubsequenceAugmenter(LENGTH).fit_transform(scans)
    model = LSTMDGClassifier(callbacks=callbacks, random_state=seed, **settings)
    return model.fit(windows, y).membership_


def run_fold(name, fold, net, scans, y, out):
    """Train one candidate on one fold, unless that was done, and keep its memberships."""
    path = out / f"{name}-{fold}-{net}.npy"
    if path.exists() or (name.startswith(("parafac", "nmf")) and net):
        return
    rows = training_rows(y, fold)
    temporary = path.with_suffix(".tmp.npy")
    np.save(temporary, learn(name, [scans[i] for i in rows], y[rows], 100 * net + fold))
    temporary.replace(path)


def finished(out):
    """Return memberships by candidate, site, repeat and fold; of several nets, what they share."""
    folds = {}
    for site, name, fold in product(SITES, CANDIDATES, range(N_FOLDS)):
        paths = [Path(out) / site / f"{name}-{fold}-{net}.npy" for net in range(N_NETS)]
        nets = [np.load(path) for path in paths if path.exists()]
        found = {name: nets[0]} if nets else {}
        if len(nets) == N_NETS:
            found[f"{name}: {N_NETS} matched and averaged"] = average_memberships(nets)
            for n in N_COMMON:
                found[f"{name}: {n} common to {N_NETS}"] = common_memberships(nets, n)
        for method, membership in found.items():
            folds[method, site, 0, fold] = Bunch(membership=membership, influence=None)
    counts = Counter(key[:2] for key in folds)
    return {key: value for key, value in folds.items() if counts[key[:2]] > 1}


def table(out, csv):
    """Print what is finished, and write all that was measured."""
    folds = finished(out)
    summary = summarize_robustness(*measure_communities(folds, random_state=0))
    counts = Counter(key[:2] for key in folds)
    keys = zip(summary["method"], summary["site"], strict=True)
    summary = summary.assign(folds=[counts[key] for key in keys])
    summary.round(4).to_csv(csv, index=False)
    print("# Robustness and redundancy of communities")
    for site, rows in summary.groupby("site", sort=False):
        show(site, rows.to_dict("records"))


def show(site, rows):
    """Print the rows of a site as a table."""
    print(f"\n{site}: mean (chance) over the pairs of the first fold with the others.\n")
    columns = ["method", "folds", "ROIs", "redundancy", "effective", *MEASURES]
    print("| " + " | ".join(columns) + " |\n" + "| --- " * len(columns) + "|")
    for row in rows:
        cells = [row["method"], str(row["folds"]), f"{row['size']:.1f}", f"{row['redundancy']:.3f}"]
        cells += [f"{row['n_effective']:.1f}"]
        cells += [f"{row[m]:.3f} ({row[f'{m}_null']:.3f})" for m in MEASURES]
        print("| " + " | ".join(cells) + " |")


def draw(out, images):
    """Draw NYU's robustness against redundancy, and what the paper's Figure 2 shows of both."""
    tables = measure_communities(finished(out), random_state=0)
    draw_families(summarize_robustness(*tables), images / "network_communities.png")
    told = [
        pandas.concat(t[t["method"] == row].assign(method=name) for name, row in BOXES.items())
        for t in tables
    ]
    figure = Figure(figsize=(10, 6.4), layout="constrained")
    RobustnessDisplay.from_tables(*told, ax=figure.subplots(2, 2).ravel())
    figure.savefig(images / "robustness.png", dpi=80)


def draw_families(summary, path):
    """Draw a line for each family: its numbers of communities, in brackets the effective ones."""
    summary = summary[summary["site"] == "NYU"].set_index("method")
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True)
    for measure, ax in zip(("correlation", "dice"), axes, strict=True):
        for family in FAMILIES:
            draw_family(ax, summary, measure, family)
        words = "Correlation with the most alike of the same fold"
        ax.set(ylim=(0, 1.03), xmargin=0.09, xlabel=words)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("Correlation with another fold's most alike")
    axes[1].set_ylabel("Dice coefficient with another fold's most alike")
    axes[0].plot([], [], "_", color="grey", label="ROI labels permuted")
    look = {"loc": "outside upper center", "ncols": 3, "frameon": False}
    figure.legend(*axes[0].get_legend_handles_labels(), **look)
    figure.savefig(path, dpi=80)


def draw_family(ax, summary, measure, family):
    """Draw a family's line, what chance gives, and its numbers beside the points."""
    sizes = FAMILIES[family]
    rows = summary.loc[[name for name in sizes if name in summary.index]]
    spread = {"yerr": rows[f"{measure}_sd"], "capsize": 2}
    (line, *_) = ax.errorbar(rows["redundancy"], rows[measure], **spread, fmt="o-", label=family)
    ax.plot(rows["redundancy"], rows[f"{measure}_null"], "_", color=line.get_color())
    alone = family == f"LSTM-H, common to {N_NETS} nets"  # among others' points: beside its own
    for place, (name, row) in enumerate(rows.iterrows(), start=1):
        look = {"color": line.get_color(), "fontsize": "small", "ha": "left" if alone else "center"}
        words = f"{sizes[name]} ({row['n_effective']:.0f})"
        where = (5, 8) if alone else (0, (-17, 9)[place % 2])
        point = row["redundancy"], row[measure]
        ax.annotate(words, point, where, textcoords="offset points", **look)


def main():
    """Run folds, print the table of the finished ones, or draw it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=["run", "table", "draw"])
    parser.add_argument("--data-dir")
    parser.add_argument("--site", choices=SITES, default="NYU")
    parser.add_argument("--out", required=True)
    parser.add_argument("--candidates", choices=CANDIDATES, nargs="+", default=list(CANDIDATES))
    parser.add_argument("--folds", type=int, default=N_FOLDS)
    parser.add_argument("--nets", type=int, default=1)
    parser.add_argument("--csv", default="network_communities.csv")
    parser.add_argument("--figures", type=Path, default=Path(), help="folder of the figures")
    args = parser.parse_args()
    if args.action == "table":
        return table(args.out, args.csv)
    if args.action == "draw":
        return draw(args.out, args.figures)
    out = Path(args.out) / args.site
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    scans, y = load(args.data_dir, args.site)
    for name, net, fold in product(args.candidates, range(args.nets), range(args.folds)):
        run_fold(name, fold, net, scans, y, out)


if __name__ == "__main__":
    main()
