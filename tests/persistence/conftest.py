"""A small net and its file."""

import pytest

from sklearn_lstmdg.persistence import save_model

from _model_files import net


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.skops"


@pytest.fixture
def saved(scans, path):
    """A small fitted net and its file."""
    model = net().fit(*scans)
    save_model(model, path)
    return model, path
