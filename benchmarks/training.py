"""Samples per second in training the paper's LSTM-DG, against what users have today.

Every candidate trains the same network on the same windows of 30 + 1 points, in batches of 32, on
one thread, with non-negative weights projected after each step: one epoch after a warm-up. Ours is
the public ``fit`` with everything that it does; its validation windows count by their share of
the arithmetic, a forward pass of 2.34 in 5.63 MFLOP.

aeon 1.6 has no LSTM. sktime's LSTM-FCN is left out: sktime 1.2 does not install beside the pandas
of ``constraints.txt`` (it wants one below 3.1), and its network is another one.
"""

import os
from functools import partial

import numpy as np
from _measure import main, make_cohort, timed

LENGTH, BATCH = 30, 32
FORWARD_SHARE = 2.34 / 5.63


def ours(size, compiled="1"):
    """``LSTMDGClassifier.fit`` on bags, with a validation mask."""
    os.environ["LSTMDG_COMPILED"] = compiled
    from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter

    scans, y = make_cohort(size)
    bags = SubsequenceAugmenter(LENGTH).fit_transform(scans)
    validation = np.arange(len(y)) % 10 < 2 if len(y) > 40 else np.arange(len(y)) < 2
    model = LSTMDGClassifier(input_noise=0, max_epochs=1, patience=99, random_state=0)
    model.fit(bags[:8], y[:8], validation=np.arange(8) < 2)
    seconds = timed(lambda: model.fit(bags, y, validation=validation))
    n_windows = bags.shape[1] * np.array([np.sum(~validation), np.sum(validation)])
    return {"seconds": seconds, "work": float(n_windows @ [1, FORWARD_SHARE])}


def _windows(scans, y):
    """Return the windows of all scans by number, as torch's DataLoader wants them."""
    import torch

    class Windows(torch.utils.data.Dataset):
        scans_, y_ = torch.from_numpy(scans), torch.from_numpy(y.astype(np.float32))
        per_scan = scans.shape[1] - LENGTH

        def __len__(self):
            return len(self.scans_) * self.per_scan

        def __getitem__(self, i):
            row, start = divmod(i, self.per_scan)
            window = self.scans_[row, start : start + LENGTH + 1]
            return window[:-1], (window[-1], self.y_[row])

    return Windows()


def _torch_net(n_rois):
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.LSTM(n_rois, 50, batch_first=True)
            self.second = nn.LSTM(50, 20, batch_first=True)
            self.dense, self.generate = nn.Linear(20, 1), nn.Linear(50, n_rois)
            self.drop = nn.Dropout(0.5)

        def forward(self, x):
            hidden, (_, cell) = self.first(x)
            hidden, _ = self.second(hidden)
            answers = self.drop(self.dense(self.drop(hidden)))
            return answers.mean(dim=1)[:, 0], self.generate(self.drop(cell[0]))

    return torch, Net


def _loss(answers, target):
    from torch.nn import functional

    (logit, generated), (following, labels) = answers, target
    cross_entropy = functional.binary_cross_entropy_with_logits(logit, labels)
    return functional.mse_loss(generated, following) + 0.1 * cross_entropy


def _project(net):
    net.first.weight_ih_l0.data.clamp_(min=0)
    net.generate.weight.data.clamp_(min=0)


def plain(size):
    """Loop over a ``DataLoader`` with ``nn.LSTM``, as the tutorials write it."""
    scans, y = make_cohort(size)
    torch, make_net = _torch_net(scans.shape[2])
    torch.set_num_threads(1)
    net = make_net()
    optimizer = torch.optim.Adam(net.parameters())
    windows = _windows(scans, y)

    def epoch(loader):
        for x, target in loader:
            optimizer.zero_grad()
            _loss(net(x), target).backward()
            optimizer.step()
            _project(net)

    loader = partial(torch.utils.data.DataLoader, batch_size=BATCH, shuffle=True)
    epoch(loader(torch.utils.data.Subset(windows, range(320))))
    return {"seconds": timed(lambda: epoch(loader(windows))), "work": len(windows)}


def skorch(size):
    """Skorch's own loop over the same data set."""
    from skorch import NeuralNet
    from skorch.callbacks import Callback

    scans, y = make_cohort(size)
    torch, make_net = _torch_net(scans.shape[2])
    torch.set_num_threads(1)

    class Project(Callback):
        def on_batch_end(self, net, training=False, **kwargs):
            _project(net.module_)

    class Net(NeuralNet):
        def get_loss(self, y_pred, y_true, *args, **kwargs):
            return _loss(y_pred, y_true)

    net = Net(
        make_net,
        torch.nn.MSELoss,
        optimizer=torch.optim.Adam,
        batch_size=BATCH,
        max_epochs=1,
        train_split=None,
        iterator_train__shuffle=True,
        callbacks=[Project()],
        verbose=0,
    ).initialize()
    windows = _windows(scans, y)
    net.partial_fit(torch.utils.data.Subset(windows, range(320)))
    return {"seconds": timed(lambda: net.partial_fit(windows)), "work": len(windows)}


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
    return {"seconds": timed(lambda: fit(len(windows))), "work": len(windows)}


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
    return {"seconds": timed(lambda: epoch(n_batches)), "work": n_batches * BATCH}


CANDIDATES = {
    "plain PyTorch loop": plain,
    "LSTMDGClassifier": ours,
    "LSTMDGClassifier, not compiled": partial(ours, compiled="0"),
    "skorch": skorch,
    "Keras (TensorFlow)": keras,
    "JAX": jax,
}

if __name__ == "__main__":
    main(CANDIDATES)
