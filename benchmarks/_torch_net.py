"""The paper's network as it is written with torch today: windows, layers, loss, projection."""

import torch
from torch import nn
from torch.nn import functional

LENGTH, N_FIRST, N_SECOND, DROPOUT = 30, 50, 20, 0.5


def gflop(n_rois):
    """Return 1e9 operations that the products of one window take to train, heads included."""
    first = 8 * LENGTH * N_FIRST * n_rois
    recurrent = 8 * LENGTH * (N_FIRST**2 + N_SECOND * (N_FIRST + N_SECOND))
    heads = 2 * (LENGTH * N_SECOND + N_FIRST * n_rois)
    return (2 * first + 3 * (recurrent + heads)) / 1e9  # scans themselves have no gradient


class Windows(torch.utils.data.Dataset):
    """The windows of all scans by number, as torch's DataLoader wants them."""

    def __init__(self, scans, y, step=1):
        self.scans, self.y = torch.from_numpy(scans), torch.from_numpy(y).float()
        self.step, self.per_scan = step, len(range(0, scans.shape[1] - LENGTH, step))

    def __len__(self):
        """Return the number of windows."""
        return len(self.scans) * self.per_scan

    def __getitem__(self, i):
        """Return the points that are read, and what is asked: the next one, and the class."""
        row, number = divmod(i, self.per_scan)
        start = number * self.step
        window = self.scans[row, start : start + LENGTH + 1]
        return window[:-1], (window[-1], self.y[row])


class Net(nn.Module):
    """LSTM-DG, or one of its ablations."""

    def __init__(self, n_rois, variant="dg", noise=0.0):
        super().__init__()
        self.variant, self.noise = variant, noise
        if variant != "s":
            self.first = nn.LSTM(n_rois, N_FIRST, batch_first=True)
        self.second = nn.LSTM(n_rois if variant == "s" else N_FIRST, N_SECOND, batch_first=True)
        self.dense, self.drop = nn.Linear(N_SECOND, 1), nn.Dropout(DROPOUT)
        if variant in ("dg", "h"):
            self.generate = nn.Linear(N_FIRST, n_rois)

    def forward(self, x):
        """Return logits (n_windows,), and the generated points (n_windows, n_rois) or none."""
        if self.training and self.noise:
            x = x + self.noise * torch.randn_like(x)
        hidden, (last, cell) = (x, (None, None)) if self.variant == "s" else self.first(x)
        answers = self.drop(self.dense(self.drop(self.second(hidden)[0])))
        logits, state = answers.mean(dim=1)[:, 0], {"dg": cell, "h": last}.get(self.variant)
        return logits, x[:, :0, 0] if state is None else self.generate(self.drop(state[0]))

    def project(self):
        """Set negative input weights and memberships to zero."""
        if self.variant != "s":
            self.first.weight_ih_l0.data.clamp_(min=0)
        if self.variant in ("dg", "h"):
            self.generate.weight.data.clamp_(min=0)


def loss(answers, target):
    """Return the paper's loss of a batch; the cross-entropy where nothing is generated."""
    (logits, generated), (following, labels) = answers, target
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, labels)
    if not generated.numel():
        return cross_entropy
    return functional.mse_loss(generated, following) + 0.1 * cross_entropy
