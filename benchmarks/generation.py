"""Next-point error of the generative half against persistence and autoregressions, on NYU.

    python benchmarks/generation.py --data-dir D

One split of the subjects, four fifths train; windows every fifth point. The rows are LSTM-DG with
the default settings, and with the paper's, where a tenth of those who train validates.
"""

import argparse

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier, ScanCleaner, SubsequenceAugmenter
from sklearn_lstmdg.datasets import load_abide
from sklearn_lstmdg.evaluation import evaluate_forecast
from sklearn_lstmdg.presets import PAPER


def main():
    """Fit, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--step", type=int, default=5)
    args = parser.parse_args()
    cohort = load_abide(
        args.data_dir, atlas="ho", pipeline="cpac", sites=["NYU"], global_signal_regression=False
    )
    scans = ScanCleaner(regress_global_mean=True).fit_transform(cohort.data)
    scans = [np.asarray(scan, dtype=np.float32) for scan in scans]
    train, test, y, _ = train_test_split(
        scans, cohort.target, test_size=0.2, stratify=cohort.target, random_state=0
    )
    settings = {
        "default": {},
        "paper": PAPER,
        "generative only": PAPER | {"discriminative_weight": 0.0, "dropout": 0.0, "lr": 3e-3},
    }
    for name, parameters in settings.items():
        model = make_pipeline(
            SubsequenceAugmenter(step=args.step), LSTMDGClassifier(**parameters, random_state=0)
        )
        judged = evaluate_forecast(model.fit(train, y), train, test)
        print(f"\n{name}, {model[-1].n_iter_} epochs\n\n{judged.round(3).to_string()}", flush=True)


if __name__ == "__main__":
    main()
