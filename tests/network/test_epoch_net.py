import pickle

import numpy as np
import pytest
import torch

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.network._epoch_net import usable_device

TINY = {"n_communities": 4, "n_units": 3, "max_epochs": 2, "random_state": 0}


@pytest.fixture
def fitted(scans):
    return LSTMDGClassifier(**TINY).fit(*scans)


@pytest.mark.parametrize("name", ["fit", "partial_fit", "predict", "predict_proba", "forward"])
def test_what_skorch_would_answer_wrongly_names_the_right_call(fitted, scans, name):
    with pytest.raises(AttributeError, match=f"net_ has no {name}.*the estimator's.*predict_proba"):
        getattr(fitted.net_, name)(scans[0])


def test_state_is_plain(fitted):
    def check(value):
        if isinstance(value, dict):
            assert all(isinstance(key, str) for key in value)
            [check(item) for item in value.values()]
        elif isinstance(value, list | tuple):
            [check(item) for item in value]
        else:
            assert value is None or type(value) in (bool, int, float, str, np.ndarray)

    check(fitted.net_.__getstate__())


def test_a_net_made_anew_goes_on_as_the_one_that_was(fitted, scans):
    twin = pickle.loads(pickle.dumps(fitted))
    for name, value in fitted.partial_fit(*scans).net_.module_.state_dict().items():
        assert torch.equal(value, twin.net_.module_.state_dict()[name]) == (
            name.endswith("bias_hh_l0")
        )
    for name, value in twin.partial_fit(*scans).net_.module_.state_dict().items():
        assert torch.equal(value, fitted.net_.module_.state_dict()[name])
    np.testing.assert_array_equal(twin.history_["train_loss"], fitted.history_["train_loss"])


def test_arrays_that_do_not_fit_are_refused(fitted):
    def refuse(state):
        type(fitted.net_).__new__(type(fitted.net_)).__setstate__(state)

    state = fitted.net_.__getstate__()
    state["weights"]["shared_dense.weight"] = np.zeros((1, 99), np.float32)
    with pytest.raises(ValueError, match=r"shared_dense.weight is float32 of shape \(1, 99\)"):
        refuse(state)
    state = fitted.net_.__getstate__()
    del state["weights"]["shared_dense.weight"]
    with pytest.raises(ValueError, match="The weights are"):
        refuse(state)
    state = fitted.net_.__getstate__()
    state["moments"]["0"]["exp_avg"] = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match="exp_avg is float32"):
        refuse(state)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_devices_that_are_not_here():
    assert usable_device("auto") == "cpu"
    for device in ("cuda", "meta", "nonsense"):
        with pytest.raises(ValueError, match=f"device='{device}' cannot be used here"):
            usable_device(device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_net_of_a_gpu_is_made_on_the_cpu(fitted, scans):
    state = fitted.net_.__getstate__()
    state["arguments"]["device"] = "cuda"
    net = type(fitted.net_).__new__(type(fitted.net_))
    with pytest.warns(UserWarning, match="no GPU here: device='cuda'"):
        net.__setstate__(state)
    assert net.device == "cpu"
