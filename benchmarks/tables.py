"""The paper's tables, and tests of LSTM-DG against every other model, from finished comparisons.

A folder holds ``folds.csv`` and ``predictions.csv``:

    cd benchmarks/results && python ../tables.py nyu um

With ``--before``, LSTM-DG is also tested against itself in folders of the same folds and other
settings.
"""

import argparse
from pathlib import Path

import pandas

from sklearn_lstmdg._text import read_csv
from sklearn_lstmdg.evaluation import paper_table, test_against


def read(folders, name):
    """Return one table of all folders."""
    frames = [read_csv(folder / f"{name}.csv") for folder in folders]
    return pandas.concat(frames, ignore_index=True)


def add_before(frame, folders, name, model):
    """Add a model as it did in other folders, under another name."""
    if not folders:
        return frame
    before = read(folders, name).query("model == @model")
    return pandas.concat([frame, before.assign(model=f"{model}, before")], ignore_index=True)


def main():
    """Read the folders, write ``paper_tables.md`` and ``tests.csv``."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--reference", default="lstm-dg", help="the model that should be better")
    parser.add_argument("--before", nargs="+", type=Path, default=[], help="other folders")
    parser.add_argument("--out", type=Path, default=Path())
    args = parser.parse_args()
    folds, predictions = (read(args.folders, name) for name in ("folds", "predictions"))
    (args.out / "paper_tables.md").write_text(paper_table(folds, predictions), encoding="utf-8")
    folds, predictions = (
        add_before(frame, args.before, name, args.reference)
        for frame, name in ((folds, "folds"), (predictions, "predictions"))
    )
    tests = test_against(folds, predictions, args.reference)
    tests.round(4).to_csv(args.out / "tests.csv", index=False)
    print(tests.round(3).to_string())


if __name__ == "__main__":
    main()
