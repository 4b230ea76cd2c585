"""Which scans a command works on: options, loading, and what is said of the cohort."""

import hashlib

import numpy as np

from .._extras import require
from .._text import counted
from ..datasets import load_abide, load_bids, load_scans, make_scans, site_stem
from ..scans import resample
from ._commands import NEEDS, PCP_DEFAULTS
from ._options import read_entities
from ._terminal import say

_CONFOUNDS = ("func_mean_fd", "AGE_AT_SCAN", "SEX", "SITE_ID")  # motion, age, sex, site
_SOURCES = ("data_dir", "bids", "table")
_N_SIMULATED = 40
# What parameters of loaders are called among the options; run is the function of a command.
_OF_TABLE = {n: n for n in ("target", "site", "group", "confounds", "scans", "t_r")}
_OF_BIDS = {n: n for n in ("target", "site", "group", "confounds", "participants", "max_missing")}
_OF_BIDS |= {n: n for n in ("atlas", "task", "session", "space", "desc", "entities")}
_OF_BIDS |= {"run": "runs"}


def settle_scans(args, needs_target=True):
    """Give options of the chosen scans their defaults; none of other scans is left."""
    sources = [name for name in _SOURCES if getattr(args, name) is not None]
    if len(sources) > 1:
        raise ValueError(f"{_named(sources)} choose different scans: give one of them.")
    given = [option for option in NEEDS if getattr(args, option) is not None]
    wrong = [option for option in given if not set(sources) & set(NEEDS[option])]
    if wrong:
        needed = [name for name in _SOURCES if all(name in NEEDS[option] for option in wrong)]
        told = " or ".join(_named([name]) for name in needed or _SOURCES)
        raise ValueError(f"{_named(wrong)} needs {told}: it is of no use to other scans.")
    if sources and args.subjects is not None:
        raise ValueError("--subjects is of simulated scans: it is of no use to other scans.")
    if not sources and args.subjects is None:
        args.subjects = _N_SIMULATED
    if args.data_dir is not None:
        missing = {name: d for name, d in PCP_DEFAULTS.items() if getattr(args, name) is None}
        vars(args).update(missing)
    elif sources and needs_target and args.target is None:
        raise ValueError(
            f"{_named(sources)} needs --target, the column of classes, or of a quantity."
        )


def _named(options):
    return ", ".join(f"--{option.replace('_', '-')}" for option in options)


def has_own_scans(args):
    """Tell whether scans are the user's own, and not of ABIDE or simulated."""
    return any(vars(args).get(name) is not None for name in ("bids", "table"))


def has_scans(args):
    """Tell whether the options choose scans, in place of simulated ones."""
    return any(getattr(args, name) is not None for name in _SOURCES)


def load_cohort(args):
    """Load, or simulate, the scans that the options ask for."""
    if has_own_scans(args):
        return _load_own(args)
    if args.data_dir is None:
        return make_scans(n_subjects=args.subjects, random_state=args.seed)
    return _load_sites(args, args.sites)


def _load_own(args):
    """Load the user's own scans, and bring them to one repetition time if asked."""
    is_table = args.bids is None
    options = _OF_TABLE if is_table else _OF_BIDS
    given = {name: getattr(args, option) for name, option in options.items()}
    given = {n: value for n, value in given.items() if value is not None or n == "target"}
    if "entities" in given:
        given["entities"] = read_entities(given["entities"])
    if given.get("t_r", "").replace(".", "", 1).isdecimal():
        given["t_r"] = float(given["t_r"])
    cohort = load_scans(args.table, **given) if is_table else load_bids(args.bids, **given)
    if args.resample_to is not None:
        _resample(cohort, args.resample_to)
    return cohort


def _resample(cohort, new_t_r):
    unknown = np.flatnonzero(np.isnan(cohort.t_r))
    if len(unknown):
        path = cohort.filenames[unknown[0]]
        raise ValueError(f"--resample-to: the repetition time of {path} is unknown (--t-r).")
    for row, t_r in enumerate(cohort.t_r):
        scan = cohort.data[row]
        series = resample(scan.to_numpy(), t_r, new_t_r)
        cohort.data[row] = type(scan)(series, columns=scan.columns)
    cohort.t_r = np.full(len(cohort.t_r), float(new_t_r))


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
    names = {site: site if site.upper() in exact else site_stem(site) for site in set(site_ids)}
    for site, name in names.items():
        if name == site != site_stem(site) and site_stem(site).upper() in exact:
            raise ValueError(f"{site_stem(site)} contains {site}: name one of them in --sites.")
    return np.array([names[site] for site in site_ids])


def permute_labels(labels, sites, groups, seed):
    """Permute labels within each site, which makes every model's true AUC one half.

    Where all scans of each group have one label, as the sessions of a participant, they still have
    one afterwards: there are no more labels to permute than groups.
    Shapes: labels, sites, groups (n_scans,); returned (n_scans,).
    """
    permuted = np.array(labels)
    for site in np.unique(sites):
        rows = np.flatnonzero(sites == site)
        key = int.from_bytes(hashlib.sha256(str(site).encode()).digest()[:8], "big")
        first, members = _share_labels(permuted[rows], groups[rows])
        rng = np.random.default_rng([seed, key])
        permuted[rows] = rng.permutation(permuted[rows][first])[members]
    return permuted


def _share_labels(labels, groups):
    """Return the first row of what shares a label, and which of these each row belongs to."""
    members, _ = require("pandas", extra="data").factorize(groups)
    first = np.unique(members, return_index=True)[1]
    if np.array_equal(labels[first][members], labels):
        return first, members
    return np.arange(len(labels)), np.arange(len(labels))


def _tell_target(site, name):
    """Count a site's groups, or tell the mean and range of a quantity."""
    if site["target"] is None:
        return ", ".join(f"{group['n']} {_name(group)}" for group in site["groups"])
    told = "{mean:.4g} on average, {min:.4g} to {max:.4g}".format(**site["target"])
    return f"{name or 'target'} {told}"


def _name(group):
    """Return a group's name, in which a number is no count."""
    name = str(group["name"])
    return f"class {name}" if name.replace(".", "").isdecimal() else name


def print_cohort(record, target=None):
    """Print each site's subjects by group, and how much they moved, from the cohort's record."""
    for site in record["sites"]:
        groups, counts = site["groups"], _tell_target(site, target)
        n_subjects, n_scans = (sum(group[name] for group in groups) for name in ("n", "n_scans"))
        line = f"{site['site']}: {counted(n_subjects, 'subject')} ({counts})"
        if n_scans > n_subjects:
            line += f", {n_scans} scans"
        if site["files"] is not None:
            line += f"; {counted(site['files'], 'file')} found for {site['table']} in the table"
        if all(group["motion"] for group in groups):
            means = (f"{group['motion'][0]:.3f} mm {_name(group)}" for group in groups)
            line += f"; mean head motion {', '.join(means)}"
        say(line)


def read_confounds(cohort, columns):
    """Return columns of the phenotypic table, or None."""
    if columns is None:
        return None
    table = require("pandas", extra="data").DataFrame(cohort.phenotypic)
    wanted = list(columns or (_CONFOUNDS if "SITE_ID" in table else _CONFOUNDS[:1]))
    lacking = [name for name in wanted if name not in table]
    if lacking:
        raise ValueError(
            f"The phenotypic table has no column {lacking[0]!r} for --confounds; it has "
            f"{', '.join(map(str, table))}."
        )
    return table[wanted]
