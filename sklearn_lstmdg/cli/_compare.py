"""``lstmdg compare``: models side by side by the paper's protocol."""

import json
import sys
from contextlib import contextmanager
from pathlib import Path

from joblib import parallel_config

from .._extras import require
from ..evaluation import compare_models
from ..models import make_model
from ..report import cohort_record
from ._scan_options import (
    load_cohort,
    load_unlabeled,
    name_sites,
    permute_labels,
    print_cohort,
    read_confounds,
)
from ._summary_table import format_summary


def run(args):
    """Compare the models that the options ask for."""
    models = {
        name: make_model(name, args.length, args.step, args.regress_global_mean)
        for name in args.models
    }
    cohort = load_cohort(args)
    more = {
        "scheme": args.scheme,
        "X_unlabeled": load_unlabeled(args, cohort),
        "confounds": read_confounds(cohort, args.confounds),
    }
    with _cluster(args.dask):
        compare_and_report(models, cohort, args, **more)


@contextmanager
def _cluster(address):
    """Let joblib send folds to a Dask cluster, once it has a worker."""
    if address is None:
        yield
        return
    distributed = require("distributed", extra="dask")
    with distributed.Client(address) as client:
        client.wait_for_workers(1)
        with parallel_config(backend="dask"):
            yield


def compare_and_report(models, cohort, args, **options):
    """Compare models on a cohort, print the table, and say where the results are.

    Parameters
    ----------
    models : dict of str to classifier
        Models by name.
    cohort : Bunch
        Scans, labels, groups and sites.
    args : Namespace
        Options ``sites``, ``permute_labels``, ``folds``, ``repeats``, ``n_jobs``, ``out``,
        ``seed`` and ``quiet``.
    **options
        Further parameters of ``compare_models``.
    """
    sites = name_sites(cohort.sites, args.sites)
    if not args.quiet:
        print_cohort(cohort, sites)
    labels = cohort.target
    if args.permute_labels is not None:
        labels = permute_labels(labels, sites, args.permute_labels)
    sys.stdout.flush()
    comparison = compare_models(
        models,
        cohort.data,
        labels,
        groups=cohort.groups,
        sites=sites,
        n_folds=args.folds,
        n_repeats=args.repeats,
        n_jobs=args.n_jobs,
        out=args.out,
        random_state=args.seed,
        verbose=0 if args.quiet else 1,
        **options,
    )
    _write_options(args)
    record = json.dumps(cohort_record(cohort, sites)) + "\n"
    (Path(args.out) / "cohort.json").write_text(record)
    print(format_summary(comparison.summary()))
    if not args.quiet:
        print(f"\nResults: {args.out} (summary.csv, folds.csv, predictions.csv, folds/)")


def _write_options(args):
    """Keep the options beside the results."""
    options = {name: value for name, value in vars(args).items() if name != "run"}
    (Path(args.out) / "options.json").write_text(json.dumps(options, indent=2) + "\n")
