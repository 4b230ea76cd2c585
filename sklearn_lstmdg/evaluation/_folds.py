"""Folds over subjects, and one seed for each training, whatever else is in the comparison."""

import hashlib
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from .._text import counted
from ..scans import level_of_the_caller

WITHIN_SITE, LEAVE_ONE_SITE_OUT, POOLED = SCHEMES = ("within-site", "leave-one-site-out", "pooled")


@dataclass(frozen=True)
class Fold:
    """Row numbers of X, ascending; site is that of the test rows, "pooled" where all have some."""

    site: str
    repeat: int
    fold: int
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def rows(self):
        """All its rows, ascending."""
        return np.sort(np.concatenate([self.train, self.validation, self.test]))


def make_seed(entropy: int, *names: str | int) -> int:
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


def make_folds(y, groups, sites, n_folds, n_repeats, entropy, scheme=WITHIN_SITE):
    """Split rows into test, validation and training rows.

    Part f of a partition is tested while part (f + 1) mod n_folds validates and the others train.
    Where a whole site is tested, one part of the other sites' rows validates.
    """
    if scheme == POOLED and POOLED in sites:
        raise ValueError(f"With scheme={scheme!r} no site can have the name {POOLED!r}.")
    split = {WITHIN_SITE: _within_sites, LEAVE_ONE_SITE_OUT: _leave_out, POOLED: _pool}[scheme]
    folds = []
    for repeat in range(n_repeats):
        folds += split(repeat, y, groups, sites, n_folds, entropy)
    return sorted(folds, key=lambda fold: (fold.repeat, fold.fold))


def _within_sites(repeat, y, groups, sites, n_folds, entropy):
    folds = []
    for site in dict.fromkeys(sites.tolist()):
        rows = np.flatnonzero(sites == site)
        seed = make_seed(entropy, "folds", site, repeat)
        parts = _split(rows, y[rows], groups[rows], n_folds, site, seed)
        folds += [_fold(site, repeat, f, parts) for f in range(n_folds)]
    return folds


def _leave_out(repeat, y, groups, sites, n_folds, entropy):
    """Test each site by the others, without those of their rows whose group is at the site too."""
    names = list(dict.fromkeys(sites.tolist()))
    if len(names) < 2:
        raise ValueError(f"scheme={LEAVE_ONE_SITE_OUT!r} needs two sites, there is {names[0]!r}.")
    folds = []
    for site in names:
        is_tested = sites == site
        others = np.flatnonzero(~is_tested & ~np.isin(groups, groups[is_tested]))
        seed = make_seed(entropy, LEAVE_ONE_SITE_OUT, site, repeat)
        validation, *training = _deal(others, y, groups, sites, n_folds, f"without {site}", seed)
        train = np.sort(np.concatenate(training))
        folds.append(Fold(site, repeat, 0, train, validation, np.flatnonzero(is_tested)))
    return folds


def _pool(repeat, y, groups, sites, n_folds, entropy):
    seed = make_seed(entropy, POOLED, repeat)
    parts = _deal(np.arange(len(y)), y, groups, sites, n_folds, POOLED, seed)
    return [_fold(POOLED, repeat, f, parts) for f in range(n_folds)]


def _deal(rows, y, groups, sites, n_folds, name, seed):
    """Deal groups to parts in turn, class by class and site by site, in random order in each."""
    _check_number(groups[rows], n_folds, name)
    _, first, members = np.unique(groups[rows], return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    dealt = rows[first][order]
    order = order[np.lexsort((sites[dealt], y[dealt]))]
    part = np.empty(len(order), dtype=int)
    part[order] = np.arange(len(order)) % n_folds
    return [rows[part[members] == f] for f in range(n_folds)]


def _check_number(groups, n_folds, site):
    n_groups = len(np.unique(groups))
    if n_groups < n_folds:
        raise ValueError(
            f"Site {site!r} has {counted(n_groups, 'subject or group', 'subjects or groups')}, too "
            f"few for n_folds={n_folds}."
        )
    return n_groups


def _split(rows, y, groups, n_folds, site, seed):
    n_groups = _check_number(groups, n_folds, site)
    _check_classes(y, n_folds, site)
    is_grouped = n_groups < len(rows)
    splitter = StratifiedGroupKFold if is_grouped else StratifiedKFold
    cv = splitter(n_folds, shuffle=True, random_state=seed % 2**32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        parts = [rows[test] for _, test in cv.split(rows, y, groups if is_grouped else None)]
    if not all(map(len, parts)):
        raise ValueError(f"The groups of site {site!r} cannot fill n_folds={n_folds} folds.")
    return parts


def _check_classes(y, n_folds, site):
    """Refuse classes of too few; warn where some folds will test none of a class."""
    sizes = np.unique(y, return_counts=True)[1]
    has = f"Site {site!r} has {counted(sizes.max(), 'subject')} of its largest class"
    if sizes.max() < n_folds:
        raise ValueError(f"{has}, too few for n_folds={n_folds}.")
    has = f"Site {site!r} has {counted(sizes.min(), 'subject')} of its smallest class"
    if sizes.min() < n_folds:
        few = f"fewer than n_folds={n_folds}: some folds test none of it"
        alone = ", and one trains on none of it" if sizes.min() == 1 else ""
        warnings.warn(f"{has}, {few}{alone}.", UserWarning, stacklevel=level_of_the_caller())


def _fold(site, repeat, fold, parts):
    validation = (fold + 1) % len(parts)
    training = [part for i, part in enumerate(parts) if i not in (fold, validation)]
    train = np.sort(np.concatenate(training))
    return Fold(site, repeat, fold, train, parts[validation], parts[fold])
