"""Which class is taken for which."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from sklearn_lstmdg.evaluation import confusion_matrices

from _fold_checks import NAMES

pandas = pytest.importorskip("pandas")


def test_confusion_matrices_are_scikit_learn_s(groups, tmp_path):
    counts = confusion_matrices(groups)
    for (model, site), part in groups.predictions.groupby(["model", "site"]):
        mine = counts[(counts["model"] == model) & (counts["site"] == site)]
        wanted = confusion_matrix(part["y"], part["predicted"], labels=NAMES)
        table = mine.pivot(index="y", columns="predicted", values="n")
        np.testing.assert_array_equal(table, wanted)
        shares = mine.groupby("y")["share"].sum()
        np.testing.assert_allclose(shares, 1)
    groups.save(tmp_path)
    pandas.testing.assert_frame_equal(pandas.read_csv(tmp_path / "confusion.csv"), counts)
