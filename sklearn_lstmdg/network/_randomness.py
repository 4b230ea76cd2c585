"""Random numbers from generators of one's own, and torch's threads for a while."""

import os
import threading
import warnings
from contextlib import contextmanager, nullcontext

import joblib
import torch
from torch import nn

_LOCK = threading.Lock()
# The number of threads belongs to the whole process.
_running = {"fits": 0, "before": 1, "is_forked": False}


def _after_fork():
    """Keep a forked child to one thread: torch would wait for threads that only the parent has."""
    global _LOCK
    _LOCK = threading.Lock()
    _running.update(fits=0, is_forked=True)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def torch_threads(n_threads):
    """Run torch on a number of threads; the last fit that ends puts the caller's number back.

    A default device of the caller's counts for nothing meanwhile: compiled code reads the CPU's
    memory, and so do the generators that draw there.
    """
    is_forked = _running["is_forked"]
    available = 1 if is_forked else joblib.cpu_count()
    if n_threads > available:
        why = "this process was forked" if is_forked else f"this machine has {available} processors"
        warnings.warn(
            f"n_threads={n_threads}, and {why}: torch runs on {available}.",
            UserWarning,
            stacklevel=3,
        )
    with _LOCK:
        if not _running["fits"]:
            _running["before"] = torch.get_num_threads()
        _running["fits"] += 1
        torch.set_num_threads(min(int(n_threads), available))
    is_cpu = torch.empty(0).device.type == "cpu"
    try:
        with nullcontext() if is_cpu else torch.device("cpu"):
            yield
    finally:
        with _LOCK:
            _running["fits"] -= 1
            if not _running["fits"]:
                torch.set_num_threads(_running["before"])


class RandomStreams:
    """Generators of one training; torch's own are never touched, on any device.

    Parameters
    ----------
    seed : int
        Decides all of them.
    device : str
        Where noise and dropout are drawn.

    Attributes
    ----------
    cpu, device : torch.Generator
        For first weights and the order of rows, and for noise and dropout; the same on the CPU.
    """

    def __init__(self, seed, device):
        self.cpu = torch.Generator().manual_seed(seed)
        self.device = self.cpu
        if torch.device(device).type != "cpu":
            self.device = torch.Generator(device).manual_seed(seed)

    def next_seed(self):
        """Draw the seed of random numbers that are counted, not drawn."""
        return int(torch.randint(2**62, (), generator=self.cpu))


class Dropout(nn.Module):
    """Dropout whose masks come from a generator; torch's own is also several times slower."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate
        self.generator = None

    def draw(self, values):
        """Return a mask of mean 1 in the shape of the values, or None where nothing is dropped."""
        if not self.training or self.rate == 0:
            return None
        mask = torch.empty_like(values, requires_grad=False).uniform_(generator=self.generator)
        return mask.ge_(self.rate).div_(1 - self.rate)

    def forward(self, values):
        """Return the values times a mask."""
        mask = self.draw(values)
        return values if mask is None else values * mask


def empty_layer(layer_type, *sizes):
    """Make a layer whose weights are not drawn yet, on torch's default device."""
    with torch.device("meta"):
        layer = layer_type(*sizes)
    return layer.to_empty(device=torch.get_default_device())


def torch_dense(n_inputs, n_outputs, generator):
    """Make a dense layer that starts as torch starts it."""
    layer, reach = empty_layer(nn.Linear, n_inputs, n_outputs), 1 / n_inputs**0.5
    for weights in (layer.weight, layer.bias):
        nn.init.uniform_(weights, -reach, reach, generator=generator)
    return layer
