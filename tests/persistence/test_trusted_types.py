"""The types that model files may hold."""

import pytest

from sklearn_lstmdg import (
    FCSVM,
)
from sklearn_lstmdg.persistence import save_model

skops = pytest.importorskip("skops.io")


class Derived(FCSVM):
    """A class of someone else."""


def test_classes_of_others_are_refused(scans, path):
    with pytest.raises(ValueError, match="Derived"):
        save_model(Derived(Cs=[0.1]).fit(*scans), path)
