"""Which scans a command works on: options, loading, and what is said of the cohort."""

import hashlib

import numpy as np

from ..datasets import load_abide, make_scans
from ._options import refuse_abide_options
from ._terminal import say

_CONFOUNDS = ("func_mean_fd", "AGE_AT_SCAN", "SEX", "SITE_ID")  # motion, age, sex, site


def load_cohort(args):
    """Load, or simulate, the scans that the options ask for."""
    if args.data_dir is None:
        refuse_abide_options(args)
        return make_scans(n_subjects=args.subjects, random_state=args.seed)
    return _load_sites(args, args.sites)


def load_unlabeled(args, cohort):
    """Load the controls of the sites that are there for pretraining only."""
    if args.unlabeled_sites is None:
        return None
    source = _load_sites(args, args.unlabeled_sites)
    both = sorted(set(source.sites) & set(cohort.sites))
    if both:
        raise ValueError(
            f"--unlabeled-sites names {', '.join(both)}, whose subjects are compared: name the "
            "others in --sites."
        )
    return [source.data[row] for row in np.flatnonzero(source.target == 0)]


def _load_sites(args, sites):
    return load_abide(
        args.data_dir,
        atlas=args.atlas,
        sites=sites,
        pipeline=args.pipeline,
        band_pass_filtering=args.band_pass_filtering,
        global_signal_regression=args.global_signal_regression,
        quality_checked=args.quality_checked,
        resample_to=args.resample_to,
    )


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


def print_cohort(cohort, sites):
    """Print each site's subjects by group, and how much they moved."""
    counts = cohort.get("site_counts")
    for site in dict.fromkeys(sites.tolist()):
        rows = sites == site
        n_autism = int(np.sum(cohort.target[rows] == 1))
        line = f"{site}: {rows.sum()} subjects ({n_autism} autism, {rows.sum() - n_autism} control)"
        if counts is not None:
            members = set(cohort.sites[rows].tolist())
            mine = counts[counts.index.isin(members)]
            line += f"; {mine['files'].sum()} files found for {mine['table'].sum()} in the table"
        say(line + _motion(cohort, rows))


def _motion(cohort, rows):
    """Say the mean framewise displacement of both groups, where the table has it."""
    try:
        motion = np.asarray(cohort.phenotypic["func_mean_fd"], dtype=float)
    except (KeyError, ValueError):
        return ""
    known = rows & (motion >= 0)
    means = [motion[known & (cohort.target == label)].mean() for label in (1, 0)]
    return f"; mean head motion {means[0]:.3f} mm autism, {means[1]:.3f} mm control"


def read_confounds(cohort, columns):
    """Return columns of the phenotypic table, or None."""
    if columns is None:
        return None
    wanted = list(columns or _CONFOUNDS)
    known = list(getattr(cohort.get("phenotypic"), "columns", ()))
    lacking = [name for name in wanted if name not in known]
    if lacking:
        raise ValueError(f"The phenotypic table has no column {lacking[0]!r} for --confounds.")
    return cohort.phenotypic[wanted]
