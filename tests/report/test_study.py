"""What a results folder knows."""

import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.report import best_fold, write_report

pandas = pytest.importorskip("pandas")


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no finished fold"):
        write_report(tmp_path)


def test_the_best_fold_and_its_ties():
    class Folds:
        folds = pandas.DataFrame(
            {"model": "a", "site": "s", "repeat": 0, "fold": range(4)}
            | {"acc": [0.5, 0.8, 0.8, 0.8], "auc": [1.0, 0.6, 0.7, 0.7]}
        )

        def fold(self, model, site, repeat, fold):
            losses = {1: [0.1], 2: [0.1, 0.6], 3: [0.9, 0.5]}.get(fold, [])
            best = len(losses) or None
            return Bunch(fold=fold, history={"valid_loss": losses}, best_epoch=best)

    assert best_fold(Folds(), "a", "s").fold == 3
    with pytest.raises(ValueError, match="no fold of model 'b'"):
        best_fold(Folds(), "b", "s")
