"""Next point and free runs of the generative half beside linear predictors, on NYU.

    python benchmarks/generation.py --data-dir D --figure generation.png > generation.md

Five folds: each subject is judged by models of the others; windows every fifth point. Of several
nets the first one generates, which has the same bits where it is trained alone, as here. A network
generates through its K communities: the best that any linear read-out of K numbers can do stands
beside it, the projection of the next point itself on as many principal components of the training
points.
"""

import argparse

import numpy as np
import pandas
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.datasets import load_abide
from sklearn_lstmdg.evaluation import evaluate_forecast
from sklearn_lstmdg.plotting import GenerationDisplay
from sklearn_lstmdg.presets import COMMUNITIES, PAPER

FIRST = COMMUNITIES | {"n_nets": 1}  # what generates, of its nets
ALONE = FIRST | {"discriminative_weight": 0.0}
PLAIN = ALONE | {"augment": None, "input_noise": 0.0}
LONG = PLAIN | {"max_updates": 4000}
SETTINGS = {
    "presets.COMMUNITIES": FIRST,
    "presets.COMMUNITIES, LSTM-H": FIRST | {"variant": "h"},
    "generative half alone": ALONE,
    "alone, LSTM-H": ALONE | {"variant": "h"},
    "alone, windows not turned, no noise": PLAIN,
    "alone, windows not turned, no noise, 4000 updates": LONG,
    "alone, windows not turned, no noise, 4000 updates, LSTM-H": LONG | {"variant": "h"},
    "defaults": {},
    "presets.PAPER": PAPER,
}
DRAWN = "presets.COMMUNITIES", "generative half alone"
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
    """Print means over folds as a table."""
    means = judged.groupby("model", sort=False).mean(numeric_only=True).reset_index()
    columns = [*COLUMNS, *(c for c in means if c.startswith(("spectral", "power")))]
    print("# Generation: next point and free runs, NYU\n")
    print("`python benchmarks/generation.py --data-dir D`: means over five folds of what")
    print("`evaluation.evaluate_forecast` tells of the subjects that are held out. Of the nets of")
    print("`presets.COMMUNITIES` the first one generates.\n")
    print("| " + " | ".join(columns) + " |\n" + "| --- " * len(columns) + "|")
    for name, *values in means[columns].itertuples(index=False):
        cells = ["" if np.isnan(v) else f"{v:.3f}" for v in values]
        print(f"| {name} | " + " | ".join(cells) + " |")


def draw(models, scans, path):
    """Draw free runs, a row of panels for each model."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.6, 7.2), layout="constrained")
    for part, name in zip(figure.subfigures(len(DRAWN)), DRAWN, strict=True):
        part.suptitle(name, x=0.01, ha="left", weight="bold")
        panels = part.subplots(1, 3)
        GenerationDisplay.from_estimator(models[name], scans, t_r=2.0, ax=panels)
    figure.savefig(path, dpi=80)


def run(scans, y, step, figure):
    """Return the rows of all folds; draw the first."""
    tables = []
    for rows, others in StratifiedKFold(5, shuffle=True, random_state=0).split(y, y):
        train, test = ([scans[i] for i in part] for part in (rows, others))
        models = {name: fit(settings, step, train, y[rows]) for name, settings in SETTINGS.items()}
        tables.append(judge(models, train, test, step))
        if figure is not None and len(tables) == 1:
            draw(models, test, figure)
    return pandas.concat(tables)


def main():
    """Fit, judge, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--step", type=int, default=5)
    parser.add_argument("--figure", help="draw the first fold's free runs into this file")
    args = parser.parse_args()
    show(run(*load(args.data_dir), args.step, args.figure))


if __name__ == "__main__":
    main()
