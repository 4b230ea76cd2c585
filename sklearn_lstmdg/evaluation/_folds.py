"""Folds over subjects, and one seed for each training, whatever else is in the comparison."""

import hashlib
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

__all__ = ["Fold", "make_folds", "make_seed"]


@dataclass(frozen=True)
class Fold:
    """Rows that train, validate and test together.

    Attributes
    ----------
    site : str
        Site of all rows.
    repeat, fold : int
        Which partition, and which of its parts is tested; from 0.
    train, validation, test : ndarray of int
        Row numbers of X, ascending.
    """

    site: str
    repeat: int
    fold: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def make_seed(entropy, *names):
    """Return a seed that depends on nothing but the run's entropy and these names.

    Parameters
    ----------
    entropy : int
        The run's seed.
    *names : str or int
        What the seed is for, for example site, repeat, fold and model.

    Returns
    -------
    int
        64 bits.
    """
    digests = [hashlib.sha256(f"{type(n).__name__}:{n}".encode()).digest() for n in names]
    key = tuple(int.from_bytes(digest[:8], "big") for digest in digests)
    state = np.random.SeedSequence(entropy, spawn_key=key).generate_state(1, np.uint64)
    return int(state[0])


def make_folds(y, groups, sites, n_folds, n_repeats, entropy):
    """Split each site's rows into test, validation and training rows.

    Part f of a partition is tested while part (f + 1) mod n_folds validates and the others train.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Class labels; parts hold about the same share of each.
    groups : ndarray of int of shape (n_rows,)
        Rows of a group stay in one part.
    sites : ndarray of str of shape (n_rows,)
        Sites are split on their own.
    n_folds, n_repeats : int
        Parts of a partition, and partitions.
    entropy : int
        The run's seed.

    Returns
    -------
    list of Fold
        By repeat, fold and site.

    Raises
    ------
    ValueError
        If a site has fewer groups than folds.
    """
    folds = []
    for repeat in range(n_repeats):
        for site in dict.fromkeys(sites.tolist()):
            rows = np.flatnonzero(sites == site)
            seed = make_seed(entropy, "folds", site, repeat)
            parts = _split(rows, y[rows], groups[rows], n_folds, site, seed)
            folds += [_fold(site, repeat, f, parts) for f in range(n_folds)]
    return sorted(folds, key=lambda fold: (fold.repeat, fold.fold))


def _split(rows, y, groups, n_folds, site, seed):
    n_groups = len(np.unique(groups))
    if n_groups < n_folds:
        raise ValueError(
            f"Site {site!r} has {n_groups} subjects or groups, too few for n_folds={n_folds}."
        )
    is_grouped = n_groups < len(rows)
    splitter = StratifiedGroupKFold if is_grouped else StratifiedKFold
    cv = splitter(n_folds, shuffle=True, random_state=seed % 2**32)
    parts = [rows[test] for _, test in cv.split(rows, y, groups if is_grouped else None)]
    if not all(map(len, parts)):
        raise ValueError(f"The groups of site {site!r} cannot fill n_folds={n_folds} folds.")
    return parts


def _fold(site, repeat, fold, parts):
    validation = (fold + 1) % len(parts)
    training = [part for i, part in enumerate(parts) if i not in (fold, validation)]
    train = np.sort(np.concatenate(training))
    return Fold(site, repeat, fold, train, parts[validation], parts[fold])
