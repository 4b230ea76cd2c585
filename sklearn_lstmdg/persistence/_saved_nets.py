"""Networks of fitted estimators in model files: their plain state, and made anew from it."""

from importlib import import_module

__all__ = ["is_net", "rebuild_net"]

_NETS = {
    "EncoderNet": "baselines._autoencoder",
    "MeanMLPNet": "baselines._mean_mlp_module",
    "Nets": "network._nets",
}


def _find(name):
    package = __package__.rpartition(".")[0]
    return getattr(import_module(f"{package}.{_NETS[name]}"), name)


def is_net(value):
    """Tell whether a value is one of the networks that this file knows."""
    name = type(value).__name__
    return name in _NETS and type(value) is _find(name)


def rebuild_net(name, estimator, state):
    """Make a network anew from its state.

    Raises
    ------
    ValueError
        If arrays do not fit the network, or the network does not fit its estimator.
    """
    net = object.__new__(_find(name))
    for arguments in _arguments(name, state):
        _check_fit(arguments, estimator)
    net.__setstate__(state)
    return net


def _arguments(name, state):
    return [told["arguments"] for told in state["nets"]] if name == "Nets" else []


def _check_fit(arguments, estimator):
    wanted = {"n_rois": estimator.n_features_in_, "n_classes": len(estimator.classes_)}
    for name, value in wanted.items():
        if arguments[name] != value:
            raise ValueError(f"the network has {name}={arguments[name]!r:.20}, not {value}.")
