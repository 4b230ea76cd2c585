"""The types that model files may hold."""

import re
from importlib import import_module

import pytest

from sklearn_lstmdg import FCSVM
from sklearn_lstmdg.persistence import save_model
from sklearn_lstmdg.persistence._trusted_types import LEARNT

skops = pytest.importorskip("skops.io")


class Derived(FCSVM):
    """A class of someone else."""


def test_classes_of_others_are_refused(scans, path):
    with pytest.raises(ValueError, match="Derived"):
        save_model(Derived(Cs=[0.1]).fit(*scans), path)


@pytest.mark.parametrize("name", LEARNT)
def test_what_an_estimator_learns_is_documented(name):
    module, cls = name.rsplit(".", 1)
    estimator = getattr(import_module(module), cls)
    public = {name for name in LEARNT[name] if not name.startswith("_")} - {"feature_names_in_"}
    if cls != "PenaltySearch":  # which is not public, and sees no scans itself
        told = re.findall(r"^    ([a-z_, ]+_) : ", estimator.__doc__, flags=re.M | re.I)
        assert public <= set(", ".join(told).split(", "))
    assert not set(LEARNT[name]) & set(estimator._get_param_names())
