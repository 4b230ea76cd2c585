"""Samples per second in training the paper's LSTM-DG, against what users have today.

Every candidate trains the same network on the same windows of 30 + 1 points, in batches of 32, on
one thread, with dropout, and with non-negative weights projected after each step: one epoch after a
warm-up. Ours is the public ``fit`` with everything that it does, and without validation. "Noise"
adds normal numbers to each batch, which is our default. "AVX2" is what a processor without AVX-512
does, on both sides. The share is that of the products' operations (5.63e6 a window) in the fastest
product of ``products.py``.

aeon 1.6 has no LSTM. sktime's LSTM-FCN is left out: sktime 1.2 does not install beside the pandas
of ``constraints.txt`` (it wants one below 3.1), and its network is another one.
"""

import os
from functools import partial

import numpy as np
from _measure import SIZES, main, make_cohort, timed

LENGTH, BATCH, NOISE = 30, 32, 0.7


def ours(size, noise=0, compiled="1"):
    """``LSTMDGClassifier.fit`` on bags; without patience all windows train."""
    os.environ["LSTMDG_COMPILED"] = compiled
    from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter
    from sklearn_lstmdg.presets import PAPER

    scans, y = make_cohort(size)
    bags = SubsequenceAugmenter(LENGTH).fit_transform(scans)
    settings = PAPER | {"input_noise": noise, "max_epochs": 1, "patience": None}
    model = LSTMDGClassifier(**settings, random_state=0)
    model.fit(bags[:8], y[:8])
    return _measured(size, timed(lambda: model.fit(bags, y)), bags.shape[0] * bags.shape[1])


def _measured(size, seconds, n_windows):
    """Return what was measured, and the operations of a window."""
    from _torch_net import gflop

    return {"seconds": seconds, "work": n_windows, "gflop": gflop(SIZES[size][2])}


def plain(size, noise=0):
    """Loop over a ``DataLoader`` with ``nn.LSTM``, as the tutorials write it."""
    import torch
    from _torch_net import Net, Windows, loss

    scans, y = make_cohort(size)
    torch.set_num_threads(1)
    net = Net(scans.shape[2], noise=noise)
    optimizer, windows = torch.optim.Adam(net.parameters()), Windows(scans, y)

    def epoch(loader):
        for x, target in loader:
            optimizer.zero_grad()
            loss(net(x), target).backward()
            optimizer.step()
            net.project()

    loader = partial(torch.utils.data.DataLoader, batch_size=BATCH, shuffle=True)
    epoch(loader(torch.utils.data.Subset(windows, range(320))))
    return _measured(size, timed(lambda: epoch(loader(windows))), len(windows))


def skorch(size):
    """Skorch's own loop over the same data set."""
    import torch
    from _skorch_net import make_net
    from _torch_net import Windows

    scans, y = make_cohort(size)
    torch.set_num_threads(1)
    net, windows = make_net(BATCH, n_rois=scans.shape[2]).initialize(), Windows(scans, y)
    net.partial_fit(torch.utils.data.Subset(windows, range(320)))
    return _measured(size, timed(lambda: net.partial_fit(windows)), len(windows))


def _window_arrays(scans, y):
    """Return all windows as one array, and their labels."""
    windows = np.lib.stride_tricks.sliding_window_view(scans, LENGTH + 1, axis=1)
    windows = np.ascontiguousarray(windows.transpose(0, 1, 3, 2)).reshape(
        -1, LENGTH + 1, scans.shape[2]
    )
    return windows, np.repeat(y, len(windows) // len(y)).astype(np.float32)


def keras(size):
    """Keras on TensorFlow, the paper's framework: ``fit`` with NonNeg constraints."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import tensorflow as tf

    layers, non_neg = tf.keras.layers, tf.keras.constraints.NonNeg()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    scans, y = make_cohort(size)
    windows, labels = _window_arrays(scans, y)
    x = layers.Input((LENGTH, scans.shape[2]))
    first = layers.LSTM(50, return_sequences=True, return_state=True, kernel_constraint=non_neg)
    hidden, _, cell = first(x)
    answers = layers.Dense(1)(layers.Dropout(0.5)(layers.LSTM(20, return_sequences=True)(hidden)))
    pooled = layers.GlobalAveragePooling1D()(layers.Dropout(0.5)(answers))
    generated = layers.Dense(scans.shape[2], kernel_constraint=non_neg)(layers.Dropout(0.5)(cell))
    model = tf.keras.Model(x, [layers.Activation("sigmoid")(pooled), generated])
    model.compile("adam", ["binary_crossentropy", "mse"], loss_weights=[0.1, 1.0])

    def fit(n):
        targets = [labels[:n, None], windows[:n, -1]]
        model.fit(windows[:n, :-1], targets, batch_size=BATCH, epochs=1, verbose=0)

    fit(320)
    return _measured(size, timed(lambda: fit(len(windows))), len(windows))


def jax(size):
    """JAX: a compiled step with a scan over time; shuffled, without the last part of a batch."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    from _jax_net import start, train_step

    scans, y = make_cohort(size)
    windows, labels = _window_arrays(scans, y)
    trained = list(start(scans.shape[2]))

    def epoch(n_batches):
        order = np.random.default_rng(0).permutation(len(windows))[: n_batches * BATCH]
        for batch in order.reshape(n_batches, BATCH):
            trained[:] = train_step(*trained, windows[batch], labels[batch])
        trained[-1].block_until_ready()

    epoch(10)
    n_batches = len(windows) // BATCH
    return _measured(size, timed(lambda: epoch(n_batches)), n_batches * BATCH)


CANDIDATES = {
    "noise: plain PyTorch loop": partial(plain, noise=NOISE),
    "noise: LSTMDGClassifier": partial(ours, noise=NOISE),
    "noise: LSTMDGClassifier, not compiled": partial(ours, noise=NOISE, compiled="0"),
    "no noise: plain PyTorch loop": plain,
    "no noise: LSTMDGClassifier": ours,
    "no noise: LSTMDGClassifier, not compiled": partial(ours, compiled="0"),
    "no noise: skorch": skorch,
    "no noise: Keras (TensorFlow)": keras,
    "no noise: JAX": jax,
    "AVX2, noise: plain PyTorch loop": partial(plain, noise=NOISE),
    "AVX2, noise: LSTMDGClassifier": partial(ours, noise=NOISE),
    "AVX2, no noise: plain PyTorch loop": plain,
    "AVX2, no noise: LSTMDGClassifier": ours,
}

if __name__ == "__main__":
    main(CANDIDATES)
