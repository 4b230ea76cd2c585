"""Training choices: every candidate monitor logged by epoch, the rules compared afterwards.

For each fold f, the test fold of the comparison is left out, fold f + 1 decides when to stop,
fold f + 2 judges, and the other seven train: no setting and no rule ever sees the fold's test
subjects. Columns named "epoch 5" and so on are fixed numbers of epochs. Where a setting was trained
with several seeds, a row of its own averages what the seeds' nets say of each subject.

    python benchmarks/training_choices.py run --data-dir D --out DIR
    python benchmarks/training_choices.py run --data-dir D --out DIR --seeds 1 2 --setting dg ...
    python benchmarks/training_choices.py table --out DIR
"""

import argparse
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from skorch.callbacks import Callback

from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
from sklearn_lstmdg.datasets import load_abide
from sklearn_lstmdg.preprocessing import ScanCleaner
from sklearn_lstmdg.presets import PAPER

N_FOLDS = 10
DEFAULT_RULE = "subject_loss"
SOURCES = {"NYU": ["TRINITY", "STANFORD", "OHSU"]}  # unlabelled scans of the same atlas
SITES = {
    "NYU": ({"atlas": "ho", "sites": ["NYU"], "global_signal_regression": False}, True),
    "UM_1": ({"atlas": "aal", "sites": ["UM_1"], "global_signal_regression": True}, False),
}
NOISE = {"input_noise": 0.7}
SETTINGS = {
    "dg": NOISE,
    "h": NOISE | {"variant": "h"},
    "d": NOISE | {"variant": "d"},
    "s": NOISE | {"variant": "s"},
    "dg, no noise (paper)": {"input_noise": 0.0},
    "dg, noise 1.2": {"input_noise": 1.2},
    "dg, dropout .2": NOISE | {"dropout": 0.2},
    "dg, lr 3e-4": NOISE | {"lr": 3e-4},
    "dg, lambda 1": NOISE | {"discriminative_weight": 1.0},
    "dg, decay 1": NOISE | {"weight_decay": 1.0},
    "dg, pretrained": NOISE | {"pretrain_epochs": 20},
    "dg, a fifth of all windows": NOISE | {"windows_per_epoch": 0.2},
    "dg, decay 1, pretrained": NOISE | {"weight_decay": 1.0, "pretrain_epochs": 20},
    "dg, noise 1.2, decay 1": {"input_noise": 1.2, "weight_decay": 1.0},
    "dg, noise 1.2, pretrained": {"input_noise": 1.2, "pretrain_epochs": 20},
}
STEPS = {"dg, a fifth of all windows": 1}
RULES = {
    "loss (paper)": lambda h: -h["valid_loss"],
    "discriminative_loss": lambda h: -h["valid_disc_loss"],
    "subject_loss": lambda h: -h["valid_subject_loss"],
    "accuracy": lambda h: h["valid_accuracy"] - 1e-6 * h["valid_loss"],
    "auc": lambda h: h["valid_auc"] - 1e-6 * h["valid_loss"],
}
SCORES = {"votes": 0.0, "half votes, half mean": 0.5, "mean probability": 1.0}
AGGREGATIONS = "votes", "mean probability"  # those that are a parameter


class Judge(Callback):
    """Keep the judging subjects' votes and mean probabilities of every epoch."""

    def __init__(self, model, bags):
        self.model = model
        self.bags = bags

    def on_train_begin(self, net, **kwargs):
        """Start with no epoch."""
        self.votes, self.means = [], []

    def on_epoch_end(self, net, **kwargs):
        """Read the judging subjects."""
        proba = [window[:, 1] for window in self.model.predict_window_proba(self.bags)]
        self.votes.append([np.mean(p >= 0.5) for p in proba])
        self.means.append([p.mean() for p in proba])


def load_bags(site, data_dir, step, **instead):
    """Return a site's cleaned bags of windows and its labels."""
    where, regress = SITES[site]
    cohort = load_abide(data_dir, pipeline="cpac", band_pass_filtering=True, **(where | instead))
    scans = ScanCleaner(regress_global_mean=regress).fit_transform(cohort.data)
    scans = [np.asarray(scan, dtype=np.float32) for scan in scans]
    return SubsequenceAugmenter(30, step).fit_transform(scans), np.asarray(cohort.target)


def load_unlabeled(site, setting, data_dir, step):
    """Return the other sites' bags that a setting pretrains on, or None."""
    if "pretrain_epochs" not in SETTINGS[setting] or site not in SOURCES:
        return None
    return load_bags(site, data_dir, step, sites=SOURCES[site])[0]


def run_fold(fold, seed, site, setting, data_dir, out, n_epochs, step):
    """Train for all epochs without stopping and write what every monitor said."""
    path = Path(out) / f"{site}: {setting}-{seed}-{fold}.npz"
    if path.exists():
        return
    step = STEPS.get(setting, step)
    bags, y = load_bags(site, data_dir, step)
    unlabeled = load_unlabeled(site, setting, data_dir, step)
    cv = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    folds = [test for _, test in cv.split(y, y)]
    stop, judge = folds[(fold + 1) % N_FOLDS], folds[(fold + 2) % N_FOLDS]
    rows = np.setdiff1d(np.arange(len(y)), np.append(folds[fold], judge))
    settings = PAPER | {"max_epochs": n_epochs, "patience": n_epochs} | SETTINGS[setting]
    model = LSTMDGClassifier(**settings, random_state=10 * seed + fold)
    watch = Judge(model, [bags[i] for i in judge])
    model.set_params(callbacks=[watch])
    training = [bags[i] for i in rows], y[rows]
    model.fit(*training, X_unlabeled=unlabeled, validation=np.isin(rows, stop))
    temporary = path.with_suffix(".tmp.npz")
    np.savez(temporary, y=y[judge], votes=watch.votes, means=watch.means, **model.history_)
    temporary.replace(path)


def stop_epoch(score, patience=10):
    """Return the epoch that early stopping keeps."""
    best = 0
    for epoch, value in enumerate(score):
        if value > score[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return best


def table(out):
    """Print what the judging subjects of all folds say of each setting and rule."""
    runs = load_runs(out)
    columns = [*RULES, *(f"epoch {epoch}" for epoch in (5, 10, 20, 40))]
    print("AUC / accuracy (mean epoch kept) of the judging subjects of all folds.\n")
    print("| site: setting | seed | fits | " + " | ".join(columns) + " |")
    print("| --- " * (len(columns) + 3) + "|")
    for name, seeds in runs.items():
        for seed, folds in seeds.items():
            cells = [judged(choose(column, [folds])) for column in columns]
            print(f"| {name} | {seed} | {len(folds)} | " + " | ".join(cells) + " |")
        if len(seeds) > 1:
            cells = [judged(choose(column, list(seeds.values()))) for column in columns]
            print(f"| {name} | all, averaged | {len(folds)} | " + " | ".join(cells) + " |")
    print(f"\nAUC / accuracy by what is made of a subject's windows, rule {DEFAULT_RULE}.\n")
    print("| site: setting | " + " | ".join(SCORES) + " |\n" + "| --- " * (len(SCORES) + 1) + "|")
    for name, seeds in runs.items():
        chosen = [choose(DEFAULT_RULE, [folds]) for folds in seeds.values()]
        print(f"| {name} | " + " | ".join(map(mean_judged, [chosen] * len(SCORES), SCORES)) + " |")
    print_choices(runs)


def print_choices(runs):
    """Print which setting, rule and score each site's subjects choose for the other site."""
    aucs = {site: judge_candidates(runs, site) for site in SITES}
    common = sorted(set.intersection(*map(set, aucs.values())))
    if not common:
        return
    print("\nChosen for a site by the other's judging subjects (AUC, all seeds' nets averaged), so")
    print("that nobody decides who tests.\n")
    print("| chosen for | setting | rule | score | AUC of the choosers | AUC at the site |")
    print("| --- " * 6 + "|")
    for site, other in zip(SITES, reversed(SITES), strict=True):
        best = max(common, key=aucs[other].get)
        print(f"| {site} | " + " | ".join(best), end="")
        print(f" | {aucs[other][best]:.3f} | {aucs[site][best]:.3f} |")


def judge_candidates(runs, site):
    """Return the AUC of every setting that has several seeds, rule and score."""
    several = {name: seeds for name, seeds in runs.items() if len(seeds) > 1}
    return {
        (name.partition(": ")[2], rule, score): scores_of(
            choose(rule, [*seeds.values()]), SCORES[score]
        )[0]
        for name, seeds in several.items()
        if name.startswith(f"{site}: ")
        for rule in RULES
        for score in AGGREGATIONS
    }


def load_runs(out):
    """Return the finished fits: by site and setting, by seed, by fold."""
    runs = {}
    for path in sorted(Path(out).glob("*.npz")):
        name, seed, fold = path.stem.rsplit("-", 2)
        runs.setdefault(name, {}).setdefault(int(seed), {})[int(fold)] = dict(np.load(path))
    return runs


def choose(column, seeds):
    """Return labels, votes, mean probabilities and epoch of each fold, averaged over seeds."""
    choices = []
    for fold in sorted(set.intersection(*map(set, seeds))):
        runs = [folds[fold] for folds in seeds]
        epochs = [kept(column, run) for run in runs]
        votes, means = (
            np.mean([run[name][e] for run, e in zip(runs, epochs, strict=True)], axis=0)
            for name in ("votes", "means")
        )
        choices.append((runs[0]["y"], votes, means, np.mean(epochs) + 1))
    return choices


def kept(column, run):
    """Return the epoch that a rule, or a fixed number of epochs, keeps."""
    if column in RULES:
        return stop_epoch(RULES[column](run))
    return int(column.removeprefix("epoch ")) - 1


def scores_of(choices, share):
    """Return AUC and accuracy of all folds; share is the mean probability's, beside the votes."""
    y = np.concatenate([choice[0] for choice in choices])
    score = np.concatenate([(1 - share) * c[1] + share * c[2] for c in choices])
    return roc_auc_score(y, score), np.mean((score > 0.5) == y)


def judged(choices):
    """Judge the kept epochs of all folds together."""
    auc, accuracy = scores_of(choices, 0)
    return f"{auc:.3f} / {accuracy:.3f} ({np.mean([choice[3] for choice in choices]):.0f})"


def mean_judged(chosen, name):
    """Judge one score by the mean over seeds."""
    auc, accuracy = np.mean([scores_of(choices, SCORES[name]) for choices in chosen], axis=0)
    return f"{auc:.3f} / {accuracy:.3f}"


def main():
    """Run folds, or print the table of the finished ones."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=["run", "table"])
    parser.add_argument("--data-dir")
    parser.add_argument("--site", choices=SITES, nargs="+", default=list(SITES))
    parser.add_argument("--setting", choices=SETTINGS, nargs="+", default=list(SETTINGS))
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 2, 4, 6, 8])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--step", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--out", default="training-choices")
    args = parser.parse_args()
    if args.action == "table":
        return table(args.out)
    Path(args.out).mkdir(parents=True, exist_ok=True)
    Parallel(n_jobs=args.n_jobs)(
        delayed(run_fold)(
            fold, seed, site, setting, args.data_dir, args.out, args.epochs, args.step
        )
        for seed in args.seeds
        for setting in args.setting
        for fold in args.folds
        for site in args.site
    )


if __name__ == "__main__":
    main()
