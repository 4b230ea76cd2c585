"""Rows held back for validation: whole groups, at least one of each class."""

import warnings

import numpy as np

from ._constant import level_of_the_caller


def hold_out_groups(y_encoded, groups, fraction, rng):
    """Choose validation rows, class by class, without splitting a group.

    Shapes: y_encoded (n_rows,), groups (n_rows,); returned (n_rows,).
    """
    n_groups = groups.max() + 1
    if n_groups < 2 <= len(groups):
        raise ValueError(
            "All rows belong to one group; at least 2 groups are needed to hold one back for "
            "validation (or pass validation=, or validation_fraction=0)."
        )
    counts = np.zeros((n_groups, y_encoded.max() + 1), dtype=int)
    np.add.at(counts, (groups, y_encoded), 1)
    group_class = counts.argmax(axis=1)
    members = [np.flatnonzero(group_class == k) for k in range(counts.shape[1])]
    if min(map(len, members)) < 2:
        warnings.warn(
            f"Class number {int(np.argmin([*map(len, members)]))} has fewer than 2 groups of "
            "rows: training runs to its end without validation.",
            UserWarning,
            stacklevel=level_of_the_caller(),
        )
        return None
    shares = [min(max(round(fraction * len(m)), 1), len(m) - 1) for m in members]
    validating = [rng.permutation(m)[:share] for m, share in zip(members, shares, strict=True)]
    return np.isin(groups, np.concatenate(validating))
