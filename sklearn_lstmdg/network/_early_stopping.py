"""Training of small networks on whole scans: stop early, go back to the best epoch's weights."""

import numpy as np
import torch

from ._module import discriminative_losses

__all__ = ["train_with_early_stopping"]


def train_with_early_stopping(
    module, rows, labels, held, *, lr, batch_size, max_epochs, patience, weight_decay=0.0
):
    """Train a classifier with Adam on cross-entropy.

    Parameters
    ----------
    module : torch.nn.Module
        Maps a list of rows to logits ``(n_rows, n_outputs)``; trained in place.
    rows : list of Tensor
        What the module reads of each row.
    labels : Tensor of int64 of shape (n_rows,)
        Class numbers.
    held : ndarray of bool of shape (n_rows,) or None
        Rows that validate; without them training runs for ``max_epochs``.
    lr, weight_decay : float
        Learning rate, and weight of the L2 penalty.
    batch_size, max_epochs, patience : int
        Rows per step, most epochs, and epochs without improvement before training stops.

    Returns
    -------
    history : dict of ndarray of shape (n_epochs,)
        "train_loss", and "valid_loss" where rows validate.
    best_epoch : int
        Epoch, from 1, whose weights are kept.

    Raises
    ------
    FloatingPointError
        If the training loss stops being finite.
    """
    optimizer = torch.optim.Adam(module.parameters(), lr=lr, weight_decay=weight_decay)
    held = np.zeros(len(rows), dtype=bool) if held is None else held
    training, validation = map(torch.from_numpy, (np.flatnonzero(~held), np.flatnonzero(held)))
    train_losses, valid_losses, weights = [], [], None
    for _ in range(max_epochs):
        batches = training[torch.randperm(len(training))].split(batch_size)
        train_losses.append(_train_epoch(module, optimizer, rows, labels, batches))
        if not len(validation):
            continue
        valid_losses.append(_validate(module, rows, labels, validation))
        best = int(np.argmin(valid_losses))
        if best == len(valid_losses) - 1:
            weights = {name: value.clone() for name, value in module.state_dict().items()}
        elif len(valid_losses) - 1 - best >= patience:
            break
    history = {"train_loss": np.array(train_losses)}
    if weights is None:
        return history, len(train_losses)
    module.load_state_dict(weights)
    return history | {"valid_loss": np.array(valid_losses)}, best + 1


def _train_epoch(module, optimizer, rows, labels, batches):
    """Take one step per batch and return the mean loss over rows."""
    module.train()
    total = 0.0
    for batch in batches:
        optimizer.zero_grad()
        loss = _loss(module, rows, labels, batch)
        loss.backward()
        optimizer.step()
        total += float(loss.detach()) * len(batch)
    if not np.isfinite(total):
        raise FloatingPointError(
            "The training loss is not finite: standardise the scans (ScanCleaner) or lower the "
            "learning rate (lr)."
        )
    return total / sum(map(len, batches))


def _validate(module, rows, labels, validation):
    module.eval()
    with torch.inference_mode():
        return float(_loss(module, rows, labels, validation))


def _loss(module, rows, labels, batch):
    logits = module([rows[row] for row in batch.tolist()])
    return discriminative_losses(logits, labels[batch]).mean()
