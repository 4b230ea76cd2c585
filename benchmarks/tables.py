"""The paper's tables, and tests of LSTM-DG against every other model, from finished comparisons.

A folder holds ``folds.csv`` and ``predictions.csv``:

    cd benchmarks/results && python ../tables.py nyu um
"""

import argparse
from pathlib import Path

import pandas

from sklearn_lstmdg.evaluation import compare_to, paper_table


def main():
    """Read the folders, write ``paper_tables.md`` and ``tests.csv``."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--reference", default="lstm-dg", help="the model that should be better")
    parser.add_argument("--out", type=Path, default=Path())
    args = parser.parse_args()
    folds, predictions = (
        pandas.concat([pandas.read_csv(f / f"{name}.csv") for f in args.folders], ignore_index=True)
        for name in ("folds", "predictions")
    )
    (args.out / "paper_tables.md").write_text(paper_table(folds, predictions), encoding="utf-8")
    tests = compare_to(folds, predictions, args.reference)
    tests.round(4).to_csv(args.out / "tests.csv", index=False)
    print(tests.round(3).to_string())


if __name__ == "__main__":
    main()
