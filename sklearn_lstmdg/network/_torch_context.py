"""What belongs to torch's whole process, lent for a while and given back."""

from contextlib import contextmanager

import torch

__all__ = ["seeded", "torch_threads"]


@contextmanager
def torch_threads(n_threads):
    """Run torch on a number of threads, then put the caller's number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def seeded(seed, device):
    """Run with torch's generators seeded, then put the caller's back."""
    devices = [torch.cuda.current_device()] if torch.device(device).type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
