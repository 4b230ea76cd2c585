"""Which scans a command works on: options, loading, and what is said of the cohort."""

import hashlib

import numpy as np

from .._extras import require
from ..datasets import load_abide, make_scans
from ._commands import ABIDE_OPTIONS, PCP_DEFAULTS
from ._terminal import say

_CONFOUNDS = ("func_mean_fd", "AGE_AT_SCAN", "SEX", "SITE_ID")  # motion, age, sex, site


def settle_scans(args):
    """Give options that choose ABIDE's scans their defaults; refuse them without such scans."""
    given = [name for option, name in ABIDE_OPTIONS.items() if getattr(args, option) is not None]
    if args.data_dir is not None:
        missing = {name: d for name, d in PCP_DEFAULTS.items() if getattr(args, name) is None}
        vars(args).update(missing)
    elif given:
        raise ValueError(
            f"{', '.join(given)} needs --data-dir, the folder of ABIDE's scans: without it, scans "
            "are simulated."
        )


def load_cohort(args):
    """Load, or simulate, the scans that the options ask for."""
    if args.data_dir is None:
        return make_scans(n_subjects=args.subjects, random_state=args.seed)
    return _load_sites(args, args.sites)


def load_unlabeled(args, cohort):
    """Load the controls of the sites that are there for pretraining only."""
    if args.unlabeled_sites is None:
        return None
    others = _load_sites(args, args.unlabeled_sites)
    both = sorted(set(others.sites) & set(cohort.sites))
    if both:
        raise ValueError(
            f"--unlabeled-sites names {', '.join(both)}, whose subjects are compared: name the "
            "others in --sites."
        )
    return [others.data[row] for row in np.flatnonzero(others.target == 0)]


def _load_sites(args, sites):
    return load_abide(args.data_dir, sites=sites, resample_to=args.resample_to, **pcp_options(args))


def pcp_options(args):
    """Return which of PCP's files are wanted, as the functions that load them take it."""
    return {name: getattr(args, name) for name in PCP_DEFAULTS}


def name_sites(site_ids, asked):
    """Name the site that each subject is compared in.

    Shapes: site_ids (n_subjects,); returned (n_subjects,).
    """
    exact = {site.upper() for site in asked or ()}
    names = {site: site if site.upper() in exact else _stem(site) for site in set(site_ids)}
    for site, name in names.items():
        if name == site != _stem(site) and _stem(site).upper() in exact:
            raise ValueError(f"{_stem(site)} contains {site}: name one of them in --sites.")
    return np.array([names[site] for site in site_ids])


def _stem(site):
    stem, _, number = site.rpartition("_")
    return stem if number.isdigit() else site


def permute_labels(labels, sites, seed):
    """Permute labels within each site, which makes every model's true AUC one half.

    Shapes: labels, sites (n_subjects,); returned (n_subjects,).
    """
    permuted = np.array(labels)
    for site in np.unique(sites):
        rows = np.flatnonzero(sites == site)
        key = int.from_bytes(hashlib.sha256(str(site).encode()).digest()[:8], "big")
        permuted[rows] = np.random.default_rng([seed, key]).permutation(permuted[rows])
    return permuted


def print_cohort(record):
    """Print each site's subjects by group, and how much they moved, from the cohort's record."""
    for site in record["sites"]:
        groups = site["groups"]
        counts = ", ".join(f"{group['n']} {group['name']}" for group in groups)
        line = f"{site['site']}: {sum(group['n'] for group in groups)} subjects ({counts})"
        if site["files"] is not None:
            line += f"; {site['files']} files found for {site['table']} in the table"
        if all(group["motion"] for group in groups):
            means = (f"{group['motion'][0]:.3f} mm {group['name']}" for group in groups)
            line += f"; mean head motion {', '.join(means)}"
        say(line)


def read_confounds(cohort, columns):
    """Return columns of the phenotypic table, or None."""
    if columns is None:
        return None
    table = require("pandas", extra="data").DataFrame(cohort.phenotypic)
    wanted = list(columns or _CONFOUNDS)
    lacking = [name for name in wanted if name not in table]
    if lacking:
        raise ValueError(
            f"The phenotypic table has no column {lacking[0]!r} for --confounds; it has "
            f"{', '.join(map(str, table))}."
        )
    return table[wanted]
