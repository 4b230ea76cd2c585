"""Figures by the package's Displays."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.report._drawings import loss_figures

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_names_of_losses_are_no_markup():
    history = {'train_"><script>': np.ones(2), 'valid_"><script>': np.ones(2)}
    (figure,) = loss_figures([Bunch(history=history, best_epoch=1)], "a", "all", "loss-0-0")
    assert "<script" not in figure.svg
