"""What methods request of metadata routing, in model files."""

import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_lstmdg import ConnectivityFeatures
from sklearn_lstmdg.persistence import load_model, save_model

from _model_files import outputs, same

skops = pytest.importorskip("skops.io")


def test_requested_metadata_are_kept(scans, path):
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        model = make_pipeline(ConnectivityFeatures(), scaler, LogisticRegression()).fit(*scans)
        save_model(model, path)
        loaded = load_model(path)
        wanted = model.get_metadata_routing()
        assert str(loaded.get_metadata_routing()) == str(wanted)
    assert same(outputs(loaded, scans[0]), outputs(model, scans[0]))
