"""Networks of fitted estimators as plain state, and rebuilt from it.

State is dicts and lists of numbers and arrays. What it claims is compared with what the
estimator's parameters make before any memory is taken for it.
"""

from copy import copy
from itertools import pairwise

import numpy as np
import torch
from skorch.history import History

from ..baselines import EncoderClassifier, MeanMLP, SparseEncoder
from ..network import JointNetwork, WindowNet, seeded

__all__ = ["NETS", "is_net", "net_state", "rebuild_net"]

_ARCHITECTURE = ("variant", "n_communities", "n_units")
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def is_net(value):
    """Tell whether a value is one of the networks that this file knows."""
    return type(value).__name__ in NETS and type(value) is NETS[type(value).__name__][0]


def net_state(net):
    """Return the state of a network.

    Parameters
    ----------
    net : WindowNet, MeanMLP or EncoderClassifier
        Trained.

    Returns
    -------
    dict
    """
    return NETS[type(net).__name__][1](net)


def rebuild_net(name, estimator, state):
    """Make a network anew and give it its state.

    Parameters
    ----------
    name : str
        A name in ``NETS``.
    estimator : estimator
        Whose network it is, with its parameters, ``n_features_in_`` and ``classes_``.
    state : dict
        From ``net_state``.

    Raises
    ------
    ValueError
        If shapes do not fit each other.
    """
    return NETS[name][2](estimator, state)


def _n_outputs(estimator):
    n_classes = len(estimator.classes_)
    return 1 if n_classes == 2 else n_classes


def _arrays(tensors):
    return {name: value.detach().cpu().numpy() for name, value in tensors.items()}


def _check_shapes(arrays, expected):
    """Compare the shapes of arrays with those of tensors that may be without memory."""
    if set(arrays) != set(expected):
        raise ValueError(f"its weights are {sorted(arrays)}, and not {sorted(expected)}.")
    for name, tensor in expected.items():
        array = arrays[name]
        if array.shape != tuple(tensor.shape) or array.dtype != np.float32:
            raise ValueError(
                f"{name} is {array.dtype} of shape {array.shape}, and must be float32 of shape "
                f"{tuple(tensor.shape)}."
            )


def _load_weights(module, arrays):
    module.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def _window_net_state(net):
    return {
        "architecture": {name: getattr(net, f"module__{name}") for name in _ARCHITECTURE},
        "weights": _arrays(net.module_.state_dict()),
        "optimizer": {
            number: _arrays(moments)
            for number, moments in net.optimizer_.state_dict()["state"].items()
        },
        "history": [_numbers(record) for record in net.history],
    }


def _numbers(record):
    """Return what one epoch recorded, without its batches."""
    return {k: v for k, v in record.items() if isinstance(v, (bool, int, float, str))}


def _rebuild_window_net(estimator, state):
    """Make the net as ``fit`` does, of the architecture that was trained."""
    architecture = {name: state["architecture"][name] for name in _ARCHITECTURE}
    maker = copy(estimator)
    vars(maker).update(architecture)
    maker._validate_params()
    net = maker._make_net(estimator.n_features_in_)
    with torch.device("meta"):
        expected = JointNetwork(**net.get_params_for("module")).state_dict()
    _check_shapes(state["weights"], expected)
    with seeded(0, net.device):
        net.initialize()
    _load_weights(net.module_, state["weights"])
    _load_moments(net.optimizer_, state["optimizer"])
    net.history_ = History([{"batches": [], **_numbers(record)} for record in state["history"]])
    return net


def _load_moments(optimizer, moments):
    """Let Adam go on where it was."""
    fresh = optimizer.state_dict()
    (parameters,) = (group["params"] for group in optimizer.param_groups)
    step = torch.zeros(())
    for number, arrays in moments.items():
        expected = dict(zip(_MOMENTS, (step, *[parameters[number]] * 2), strict=True))
        _check_shapes(arrays, expected)
    state = {
        number: {name: torch.from_numpy(array) for name, array in arrays.items()}
        for number, arrays in moments.items()
    }
    optimizer.load_state_dict({"state": state, "param_groups": fresh["param_groups"]})


def _module_state(module):
    return {"weights": _arrays(module.state_dict())}


def _rebuild_mean_mlp(estimator, state):
    """Make the perceptron; its hidden layers are read off its weights."""
    arrays = state["weights"]
    sizes = [len(array) for name, array in arrays.items() if _is_dense_of_hidden(name, array)]
    arguments = estimator.n_features_in_, _n_outputs(estimator), sizes, estimator.dropout
    with torch.device("meta"):
        expected = MeanMLP(*arguments).state_dict()
    _check_shapes(arrays, expected)
    module = _make(MeanMLP, *arguments)
    _load_weights(module, arrays)
    return module.eval()


def _is_dense_of_hidden(name, array):
    return name.startswith("hidden.") and name.endswith(".weight") and array.ndim == 2


def _rebuild_encoder_classifier(estimator, state):
    """Make the classifier on an encoder of the same shape."""
    arrays = state["weights"]
    n_layers = sum(name.startswith("layers.") and name.endswith(".bias") for name in arrays)
    weights = [arrays[f"layers.{k}.weight"] for k in range(n_layers)]
    biases = [arrays[f"layers.{k}.bias"] for k in range(n_layers)]
    encoder = SparseEncoder(arrays["mean"], arrays["scale"], weights, biases)
    n_rois = estimator.n_features_in_
    n_features = n_rois if estimator._is_table else n_rois * (n_rois - 1) // 2
    wanted = [(n_out, n_in) for n_in, n_out in pairwise(encoder.sizes)]
    if encoder.sizes[0] != n_features or [weight.shape for weight in weights] != wanted:
        raise ValueError("the shapes of its layers do not fit each other or n_features_in_.")
    module = _make(EncoderClassifier, encoder, _n_outputs(estimator))
    _check_shapes(arrays, module.state_dict())
    _load_weights(module, arrays)
    return module.eval()


def _make(module, *arguments):
    """Make a module without touching the caller's generators."""
    with seeded(0, "cpu"):
        return module(*arguments)


NETS = {
    "WindowNet": (WindowNet, _window_net_state, _rebuild_window_net),
    "MeanMLP": (MeanMLP, _module_state, _rebuild_mean_mlp),
    "EncoderClassifier": (EncoderClassifier, _module_state, _rebuild_encoder_classifier),
}
