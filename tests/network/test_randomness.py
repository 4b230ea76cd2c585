import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone

from sklearn_lstmdg import LSTMDGClassifier, MeanMLPClassifier, TransferAutoencoderClassifier
from sklearn_lstmdg.network import Dropout, RandomStreams, torch_threads

ESTIMATORS = [
    LSTMDGClassifier(n_communities=4, n_units=3, max_epochs=3, n_nets=2, random_state=0),
    MeanMLPClassifier((8,), max_epochs=3, random_state=0),
    TransferAutoencoderClassifier((4, 3), max_epochs=3, pretrain_epochs=3, random_state=0),
]


def test_threads_are_put_back():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="stop"), torch_threads(1), torch_threads(1):
        assert torch.get_num_threads() == 1
        raise RuntimeError("stop")
    assert torch.get_num_threads() == before


def test_no_more_threads_than_processors():
    message = "n_threads=100000, and this machine has"
    with pytest.warns(UserWarning, match=message), torch_threads(100_000):
        assert torch.get_num_threads() <= joblib.cpu_count()


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_fits_in_threads_have_the_bits_of_fits_one_by_one(estimator, scans):
    X, y = scans
    wanted = [clone(estimator).set_params(random_state=k).fit(X, y) for k in range(6)]
    state, n_threads = torch.get_rng_state(), torch.get_num_threads()
    told = joblib.Parallel(4, backend="threading")(
        joblib.delayed(clone(estimator).set_params(random_state=k).fit)(X, y) for k in range(6)
    )
    for one, other in zip(told, wanted, strict=True):
        np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == n_threads


@pytest.mark.parametrize("compiled", ["0", "1"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_a_default_device_of_the_callers_is_not_trained_on(estimator, compiled, scans, monkeypatch):
    """Compiled code would read its addresses as the CPU's."""
    monkeypatch.setenv("LSTMDG_COMPILED", compiled)
    X, y = scans
    wanted = clone(estimator).fit(X, y)
    with torch.device("meta"):
        told = clone(estimator).fit(X, y)
        np.testing.assert_array_equal(told.predict_proba(X), wanted.predict_proba(X))
        if hasattr(told, "generate"):
            np.testing.assert_array_equal(told.generate(X, 2), wanted.generate(X, 2))
        assert torch.empty(0).device.type == "meta"


def test_streams_follow_their_seed_and_touch_nothing_else():
    state = torch.get_rng_state()
    first, second = RandomStreams(3, "cpu"), RandomStreams(3, "cpu")
    assert first.cpu is first.device
    assert torch.equal(*(torch.rand(4, generator=s.device) for s in (first, second)))
    assert torch.equal(torch.get_rng_state(), state)


def test_dropout_keeps_the_mean_and_is_off_in_evaluation():
    dropout, values = Dropout(0.25), torch.ones(100_000)
    dropout.generator = torch.Generator().manual_seed(0)
    dropped = dropout(values)
    assert dropped.unique().tolist() == [0, pytest.approx(1 / 0.75)]
    assert dropped.mean() == pytest.approx(1, abs=0.01)
    assert dropout.eval()(values) is values
