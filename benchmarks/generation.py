"""Next point and free runs of the generative half beside linear predictors, on NYU.

    python benchmarks/generation.py --data-dir D > benchmarks/results/generation.md
    python benchmarks/generation.py --data-dir D --figure generation.png

One split of the subjects, four fifths train; windows every fifth point. A network generates
through its K communities: the best that any linear read-out of K numbers can do stands beside it,
the projection of the next point itself on as many principal components of the training points.
"""

import argparse
from functools import partial

import numpy as np
import pandas
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.datasets import load_abide
from sklearn_lstmdg.evaluation import evaluate_forecast
from sklearn_lstmdg.plotting import GenerationDisplay
from sklearn_lstmdg.presets import CLASSIFY, PAPER

TURNED = CLASSIFY | {"discriminative_weight": 0.1, "n_nets": 1}  # one net of presets.COMMUNITIES
LONGER = TURNED | {"augment": None}
SHORTER = LONGER | {"max_updates": 500, "init_seed": 0}
ALONE = LONGER | {"discriminative_weight": 0.0}
SETTINGS = {
    "500 updates": SHORTER,
    "1000 updates": LONGER,
    "1000 updates, turned windows: a net of presets.COMMUNITIES": TURNED,
    "generative half alone": ALONE,
    "alone, 4000 updates, no noise": ALONE | {"max_updates": 4000, "input_noise": 0.0},
    "alone, 4000 updates, no noise, LSTM-H": ALONE
    | {"variant": "h", "max_updates": 4000, "input_noise": 0.0},
    "defaults": {},
    "presets.PAPER": PAPER,
}
COLUMNS = ["model", "mse", "mse_sd", "relative", "amplitude", "largest", "fc_correlation"]


def load(data_dir):
    """Return NYU's cleaned scans and labels."""
    how = {"pipeline": "cpac", "global_signal_regression": False}
    cohort = load_abide(data_dir, atlas="ho", sites=["NYU"], **how)
    scans = ScanCleaner(regress_global_mean=True).fit_transform(cohort.data)
    return [np.asarray(scan, dtype=np.float32) for scan in scans], cohort.target


def fit(settings, step, scans, y):
    """Return a model of windows, fitted."""
    cut = SubsequenceAugmenter(step=step)
    return make_pipeline(cut, LSTMDGClassifier(**settings, random_state=0)).fit(scans, y)


def project(train, test, step, n_components):
    """Return a row: what is left of the test windows' last points off the components."""
    pca = PCA(n_components, svd_solver="covariance_eigh").fit(np.concatenate(train))
    bags = SubsequenceAugmenter(step=step).fit_transform(test)
    points = [bag[:, -1] for bag in bags]
    errors = [np.square(p - pca.inverse_transform(pca.transform(p))).mean() for p in points]
    return {"mse": np.mean(errors), "mse_sd": np.std(errors, ddof=1)}


def judge(models, train, test, step):
    """Return a row for each network, each linear predictor, each projection, and the scans."""
    tables = {name: evaluate_forecast(model, train, test) for name, model in models.items()}
    networks = pandas.concat([table.iloc[:1].assign(model=name) for name, table in tables.items()])
    linear = next(iter(tables.values())).iloc[1:]
    sizes = sorted({20, *(model[-1].n_communities for model in models.values())})
    floors = pandas.DataFrame(
        {"model": f"projection on {n} components", **project(train, test, step, n)} for n in sizes
    )
    persistence = linear.loc[linear["model"] == "persistence", "mse"].item()
    return pandas.concat([networks, linear, floors.assign(relative=floors["mse"] / persistence)])


def show(judged):
    """Print the rows as a table."""
    columns = [*COLUMNS, *(c for c in judged if c.startswith(("spectral", "power")))]
    print("# Generation: next point and free runs, NYU\n")
    print("`python benchmarks/generation.py --data-dir D`: what the columns mean is told by")
    print("`evaluation.evaluate_forecast`.\n")
    print("| " + " | ".join(columns) + " |\n" + "| --- " * len(columns) + "|")
    for name, *values in judged[columns].itertuples(index=False):
        cells = ["" if np.isnan(v) else f"{v:.3f}" for v in values]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    """Fit, judge, print, or draw the first setting's free runs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--step", type=int, default=5)
    parser.add_argument("--figure", help="draw into this file")
    args = parser.parse_args()
    scans, y = load(args.data_dir)
    parts = train_test_split(scans, y, test_size=0.2, stratify=y, random_state=0)
    train, test, y_train, _ = parts
    learn = partial(fit, step=args.step, scans=train, y=y_train)
    if args.figure is not None:
        model = learn(SHORTER)
        display = GenerationDisplay.from_estimator(model, test, t_r=2.0)
        return display.figure_.savefig(args.figure, dpi=80)
    models = {name: learn(settings) for name, settings in SETTINGS.items()}
    show(judge(models, train, test, args.step))


if __name__ == "__main__":
    main()
