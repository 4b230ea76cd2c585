"""Random numbers from generators of one's own, and torch's threads for a while."""

import threading
import warnings
from contextlib import contextmanager

import joblib
import torch
from torch import nn

_LOCK = threading.Lock()
_running = {"fits": 0, "before": 1}  # the number of threads belongs to the whole process


@contextmanager
def torch_threads(n_threads):
    """Run torch on a number of threads; the last fit that ends puts the caller's number back."""
    available = joblib.cpu_count()
    if n_threads > available:
        warnings.warn(
            f"n_threads={n_threads}, and this machine has {available} processors: {available} "
            "threads are used.",
            UserWarning,
            stacklevel=3,
        )
    with _LOCK:
        if not _running["fits"]:
            _running["before"] = torch.get_num_threads()
        _running["fits"] += 1
        torch.set_num_threads(min(int(n_threads), available))
    try:
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
