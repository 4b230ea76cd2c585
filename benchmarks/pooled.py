"""``lstmdg compare`` with one more model: LSTM-DG with the defaults that it had before the study.

    python benchmarks/pooled.py compare --data-dir D --scheme pooled --models lstm-dg-before ...
    python benchmarks/tables.py pooled --reference lstm-dg-classify --out benchmarks/results/pooled

``benchmarks/results/README.md`` has the whole command.
"""

import sys

from sklearn_lstmdg.cli import main
from sklearn_lstmdg.models import make_model, register_model
from sklearn_lstmdg.presets import PAPER

BEFORE = PAPER | {"input_noise": 0.7, "monitor": "subject_loss"}


def make_before(length, step, regress_global_mean, **parameters):
    """Return LSTM-DG as it was trained: early stopping on a tenth of the subjects, votes."""
    return make_model("lstm-dg", length, step, regress_global_mean, **BEFORE | parameters)


if __name__ == "__main__":
    register_model("lstm-dg-before", make_before)
    sys.exit(main())
