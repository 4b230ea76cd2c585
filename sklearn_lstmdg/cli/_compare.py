"""``lstmdg compare``: models side by side by the paper's protocol."""

import argparse
import json
import sys
from contextlib import contextmanager
from pathlib import Path

from joblib import parallel_config

from .._extras import require
from ..evaluation import compare_models
from ..models import make_model, model_names
from ..report import cohort_record
from ._scan_options import (
    add_cohort_options,
    load_cohort,
    load_source,
    name_sites,
    permute_labels,
    print_cohort,
    read_confounds,
)
from ._summary_table import format_summary

_DESCRIPTION = """\
Compare models on ABIDE's scans, site by site, by the paper's cross-validation: a subject's scan is
either trained on or tested, never both. Every finished fold is kept, so that the same command goes
on where it was interrupted."""

_EXAMPLE = """\
example, NYU's subjects with the Harvard-Oxford atlas, all five models:
  lstmdg compare --data-dir ~/nilearn_data --atlas ho --pipeline cpac --sites NYU \\
      --no-global-signal-regression --regress-global-mean --n-jobs 2 --out nyu

a first look within a minute (simulated scans, fewer windows and folds):
  lstmdg compare --models fc-svm --step 10 --folds 3 --out first-look

on a cluster (on SLURM, dask_jobqueue.SLURMCluster gives the address; --out is on a shared disk):
  lstmdg compare --dask tcp://node7:8786 --data-dir /shared/abide --out /shared/nyu"""

_SCHEMES = ("within-site", "leave-one-site-out", "pooled")

_MODELS = ("lstm-dg", "lstm-h", "lstm-d", "lstm-s", "fc-svm")


def add_parser(commands):
    """Add the sub-command and return its parser."""
    parser = commands.add_parser(
        "compare",
        help="compare models on ABIDE scans or simulated ones",
        description=_DESCRIPTION,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_cohort_options(parser)
    _add_model_options(parser.add_argument_group("models"))
    _add_protocol_options(parser.add_argument_group("cross-validation"))
    parser.set_defaults(run=run)
    return parser


def _add_model_options(group):
    group.add_argument(
        "--models",
        nargs="+",
        default=list(_MODELS),
        metavar="MODEL",
        help=f"which of {', '.join(model_names())} (default: the first five)",
    )
    group.add_argument(
        "--length", type=int, default=30, help="time points of a window (default: 30)"
    )
    group.add_argument(
        "--step",
        type=int,
        default=1,
        help="time points from one window to the next; 5 is five times faster (default: 1)",
    )
    group.add_argument(
        "--regress-global-mean",
        action="store_true",
        help="regress the mean over ROIs from each scan, which does what PCP's global signal "
        "regression does where that was not applied",
    )


def _add_protocol_options(group):
    group.add_argument(
        "--scheme",
        default=_SCHEMES[0],
        choices=_SCHEMES,
        help="each site on its own, each tested by the others, or folds over all sites' subjects "
        "(default: within-site)",
    )
    group.add_argument("--folds", type=int, default=10, help="at least 3 (default: 10)")
    group.add_argument("--repeats", type=int, default=1, help="partitions into folds (default: 1)")
    group.add_argument(
        "--n-jobs", type=int, default=1, help="folds side by side; -1: all cores (default: 1)"
    )
    group.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="run the folds on the workers of a Dask cluster, given its scheduler's address",
    )
    group.add_argument("--seed", type=int, default=0, help="decides all results (default: 0)")
    group.add_argument(
        "--permute-labels",
        type=int,
        metavar="SEED",
        help="permute labels within sites first, to see what chance gives",
    )
    group.add_argument(
        "--confounds",
        nargs="*",
        metavar="COLUMN",
        help="beside the models, judge a logistic regression on these columns of the phenotypic "
        "table alone (none named: head motion, age, sex and site)",
    )
    group.add_argument(
        "--out",
        default="lstmdg-compare",
        metavar="DIR",
        help="results folder (default: lstmdg-compare)",
    )
    group.add_argument("--quiet", action="store_true", help="print nothing but the table")


def run(args):
    """Compare the models that the options ask for."""
    models = {
        name: make_model(name, args.length, args.step, args.regress_global_mean)
        for name in args.models
    }
    cohort = load_cohort(args)
    more = {
        "scheme": args.scheme,
        "X_unlabeled": load_source(args, cohort),
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
