"""Small tables of finished comparisons.

Summary with seconds a fold, intervals of AUC and of all metrics over sites, tests, subjects needed.

    python benchmarks/site_tables.py loso --out benchmarks/results/loso

Several folders, each with ``folds.csv`` and ``predictions.csv``, make one table::

    python benchmarks/site_tables.py nyu um larger --out benchmarks/results/sites
"""

import argparse
from pathlib import Path

import pandas

from sklearn_lstmdg._text import read_csv
from sklearn_lstmdg.evaluation import (
    confidence_intervals,
    intervals_over_sites,
    subjects_needed,
    test_against,
)


def read(folders, name):
    """Return one table of all folders, with the folder's name."""
    frames = [read_csv(folder / f"{name}.csv").assign(run=folder.name) for folder in folders]
    return pandas.concat(frames, ignore_index=True)


def by_run(predictions, measure):
    """Return what is measured of each run's predictions as one table."""
    parts = [measure(part).assign(run=run) for run, part in predictions.groupby("run", sort=False)]
    return pandas.concat(parts, ignore_index=True)


def with_seconds(summary, folds):
    """Return the summary with each model's mean time of a fold."""
    keys = ["run", "model", "site"]
    return summary.merge(folds.groupby(keys, as_index=False)["seconds"].mean(), "left", keys)


def intervals_of_auc(predictions):
    """Return the interval of each model's AUC, at each site or over the pooled subjects."""
    return confidence_intervals(predictions).query("metric == 'auc'")


def main():
    """Read the folders, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--models", nargs="+", help="these alone (default: all)")
    parser.add_argument("--reference", default="lstm-dg-classify")
    parser.add_argument("--out", type=Path, default=Path())
    args = parser.parse_args()
    tables = {name: read(args.folders, name) for name in ("summary", "folds", "predictions")}
    if args.models:
        tables = {name: frame[frame["model"].isin(args.models)] for name, frame in tables.items()}
    folds, predictions = tables["folds"], tables["predictions"]
    written = {
        "summary": with_seconds(tables["summary"], folds),
        "intervals": by_run(predictions, intervals_of_auc),
        "tests": test_against(folds, predictions, args.reference),
        "over_sites": by_run(predictions, intervals_over_sites),
        "subjects_needed": by_run(predictions, lambda p: subjects_needed(p, args.reference)),
    }
    args.out.mkdir(parents=True, exist_ok=True)
    for name, frame in written.items():
        frame.round(4).to_csv(args.out / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
