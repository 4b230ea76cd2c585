"""Matrix products at the shapes of the network: the fastest that this machine can do on one thread.

Rows by depth by columns: the first LSTM's projection of a batch (960 x 116 x 200) and its weights'
gradient (116 x 960 x 200), the second LSTM's way back (960 x 80 x 64), and a step of both
(32 x 50 x 200, 32 x 20 x 80). The rate is that of the fastest; beside it stand all, in this order.
The package's own product has no door of its own: a read projects all points of a series, so that
what more points cost is the product alone, at as many rows as can be timed.
"""

import time
from functools import partial

import numpy as np
from _measure import main

SHAPES = (960, 116, 200), (116, 960, 200), (960, 80, 64), (32, 50, 200), (32, 20, 80)
SECONDS = {"full": 0.5, "quick": 0.05}
ENOUGH = 1e7  # operations that can be timed


def gflop(rows, depth, columns):
    """Return 1e9 operations of a product."""
    return 2 * rows * depth * columns / 1e9


def fastest(work, seconds):
    """Return the least time of a call, of all that fit into some seconds."""
    end, least = time.perf_counter() + seconds, np.inf
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - start)
    return least


def with_numpy(rows, depth, columns, seconds):
    """Return the rate of numpy, into a matrix that is there."""
    A, B, C = (np.ones(s, np.float32) for s in ((rows, depth), (depth, columns), (rows, columns)))
    return gflop(rows, depth, columns) / fastest(lambda: np.matmul(A, B, out=C), seconds)


def with_torch(rows, depth, columns, seconds):
    """Return the same of torch."""
    import torch

    torch.set_num_threads(1)
    A, B, C = (torch.ones(s) for s in ((rows, depth), (depth, columns), (rows, columns)))
    return gflop(rows, depth, columns) / fastest(lambda: torch.matmul(A, B, out=C), seconds)


def ours(rows, depth, columns, seconds):
    """Return the rate at which a read projects more points; columns are the gates of its nodes."""
    import torch

    from sklearn_lstmdg.network import compiled_available
    from sklearn_lstmdg.network._compiled import CompiledNetwork
    from sklearn_lstmdg.network._joint_network import JointNetwork
    from sklearn_lstmdg.network._window_table import Cuts

    if not compiled_available():
        raise ImportError("The package was installed without a compiler.")
    rows *= int(np.ceil(ENOUGH / (2 * rows * depth * columns)))
    network = JointNetwork(depth, 1, "d", columns // 4, 1, (0, 0, 0))
    compiled, points = CompiledNetwork(network, horizon=1), torch.ones(rows + 2, depth)
    window = Cuts(start=torch.tensor([0]), lengths=torch.tensor([2]))
    one, all_ = (
        fastest(lambda read=points[:n]: compiled.read(read, window), seconds) for n in (2, rows + 2)
    )
    return gflop(rows, depth, columns) / (all_ - one)


def measure(size, rate):
    """Return the fastest of all shapes, and name all."""
    all_rates = [rate(*shape, SECONDS[size]) for shape in SHAPES]
    return {"seconds": 1, "work": max(all_rates), "note": ", ".join(f"{r:.0f}" for r in all_rates)}


WAYS = {"torch": with_torch, "numpy": with_numpy, "LSTMDGClassifier": ours}
CANDIDATES = {
    f"{prefix}{name}": partial(measure, rate=rate)
    for prefix in ("", "AVX2: ")
    for name, rate in WAYS.items()
}

if __name__ == "__main__":
    main(CANDIDATES)
