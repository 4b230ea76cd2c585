"""Microseconds of each part of a compiled training step, and what bounds the rest.

    python benchmarks/step_profile.py [another build of _lstm.abi3.so]

A step is of 32 windows of 30 points and 116 ROIs, 50 communities and 20 units, on one thread. What
noise and dropout cost is the step's time less that without them; the products' time is that of
their 5.63e6 operations a window at the rate of ``products.py``. Parts are timed in turn, builds
beside each other, and the least time of many counts: other work on the machine hits all alike.
"""

import os
import sys
import time

import numpy as np
import torch
from products import SHAPES, ours

from sklearn_lstmdg.network import _compiled
from sklearn_lstmdg.network._compiled import CompiledTraining
from sklearn_lstmdg.network._joint_network import JointLoss, JointNetwork
from sklearn_lstmdg.network._window_table import Batch, Cuts

WINDOWS, POINTS, ROIS, COMMUNITIES, UNITS = 32, 31, 116, 50, 20
OPERATIONS = 5.63e6 * WINDOWS
REPEATS = 300
# Rates of noise and of dropout.
WAYS = {"all": (0.7, 0.5), "no noise": (0.0, 0.5), "no dropout": (0.7, 0.0)}


def make_training(build, noise, rate):
    """Return a training on a build of the extension."""
    _compiled._lstm = build
    generator = torch.Generator().manual_seed(0)
    network = JointNetwork(ROIS, 1, "dg", COMMUNITIES, UNITS, (rate,) * 3, generator).train()
    optimizer = torch.optim.AdamW(network.parameters(), fused=True)
    return CompiledTraining(network, 1, JointLoss(0.1), optimizer, 5, "last", noise)


def make_batch():
    """Return windows of random points."""
    rng = np.random.default_rng(0)
    points = torch.from_numpy(rng.standard_normal((400, ROIS))).float()
    start = torch.from_numpy(rng.integers(0, 400 - POINTS, WINDOWS))
    cuts = Cuts(start, torch.full((WINDOWS,), POINTS))
    labels = torch.from_numpy(rng.integers(0, 2, WINDOWS))
    return Batch(points, cuts, labels, torch.ones(WINDOWS))


def least_times(builds):
    """Return the least microseconds of the losses and of the update, by build and way."""
    batch, least = make_batch(), {}
    trainings = {
        (name, way): make_training(build, *rates)
        for name, build in builds.items()
        for way, rates in WAYS.items()
    }
    for _ in range(REPEATS):
        for (name, way), training in trainings.items():
            _compiled._lstm = builds[name]
            start = time.perf_counter()
            training.forward_backward(batch)
            between = time.perf_counter()
            training.update()
            told = np.array([between - start, time.perf_counter() - between]) * 1e6
            least[name, way] = np.minimum(least.get((name, way), np.inf), told)
    return least


def parts(least, name, rate):
    """Return microseconds by part."""
    step, update = least[name, "all"]
    told = {
        "all": step + update,
        "products, at the best rate": OPERATIONS / rate / 1e3,
        "noise": step - least[name, "no noise"][0],
        "dropout": step - least[name, "no dropout"][0],
        "Adam and the projection": update,
    }
    rest = told["all"] - sum(list(told.values())[1:])
    return told | {"activations, padding, copies, losses, Python": rest}


def main():
    """Print a table of both paths and of the builds that are named."""
    torch.set_num_threads(1)
    builds = {"": _compiled._lstm} | {file: _compiled.load_build(file) for file in sys.argv[1:]}
    names = _compiled.processor_paths()[:-1] or ["plain"]
    columns = {}
    for path in names:
        os.environ["LSTMDG_PATH"] = path
        _compiled._lstm = builds[""]
        rate, least = max(ours(*shape, 0.3) for shape in SHAPES), least_times(builds)
        for name in builds:
            columns[f"{path} {name}".strip()] = parts(least, name, rate)
        print(f"{path}: the best product does {rate:.0f} GFLOP/s")
    print(f"\n| | {' | '.join(columns)} |\n| --- |{' --- |' * len(columns)}")
    for part in next(iter(columns.values())):
        print(f"| {part} | {' | '.join(f'{told[part]:.0f}' for told in columns.values())} |")


if __name__ == "__main__":
    main()
