"""``lstmdg compare``: models side by side by the paper's protocol."""

import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import numpy as np
from joblib import parallel_config

from .._extras import require
from .._files import write_csv, write_json
from ..evaluation import compare_models, refuse_other_files
from ..models import make_model
from ..report import cohort_record
from ._scan_options import (
    has_own_scans,
    load_cohort,
    load_unlabeled,
    name_sites,
    permute_labels,
    print_cohort,
    read_confounds,
    settle_scans,
)
from ._targets import positive_class, settle_target
from ._terminal import say
from ._text_tables import format_summary


def run(args):
    """Compare the models that the options ask for."""
    _make_models(args)  # an unknown name is refused before scans are read
    settle_scans(args)
    is_simulated = args.data_dir is None and not has_own_scans(args)
    if is_simulated and args.subjects < args.folds:
        raise ValueError(f"--subjects {args.subjects} is too few for --folds {args.folds}.")
    cohort = load_cohort(args)
    settle_target(cohort, args)
    models = _make_models(args)
    more = {
        "scheme": args.scheme,
        "X_unlabeled": load_unlabeled(args, cohort),
        "confounds": read_confounds(cohort, args.confounds),
        "pos_label": positive_class(cohort, args),
    }
    with _cluster(args.dask):
        compare_and_report(models, cohort, args, **more)
    if not args.quiet:
        say(f"Next: lstmdg report {quote(args.out)}")


def _make_models(args):
    return {
        name: make_model(name, args.length, args.step, args.regress_global_mean)
        for name in args.models or ()
    }


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
    """Compare models on a cohort, print the table, and say where the results are."""
    sites = cohort.sites if has_own_scans(args) else name_sites(cohort.sites, args.sites)
    record = cohort_record(cohort, sites, getattr(args, "length", None))
    _tell_cohort(record, args.quiet, getattr(args, "target", None))
    labels = cohort.target
    if args.permute_labels is not None:
        labels = permute_labels(labels, sites, np.asarray(cohort.groups), args.permute_labels)
    refuse_other_files(args.out)
    _keep(args, record, replace=False)
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
        save_models=args.save_models,
        t_r=cohort.t_r,
        target_kind=getattr(args, "target_kind", None),
        **options,
    )
    _keep(args, record, replace=True)
    if "left_out" in cohort:
        write_csv(Path(args.out) / "left_out.csv", cohort.left_out)
    say(format_summary(comparison.summary(), comparison.kind))
    if not args.quiet:
        say(f"\nResults: {args.out} ({', '.join(_files_of(args, cohort))})")


def _files_of(args, cohort):
    yield from ("summary.csv", "folds.csv", "predictions.csv")
    if len(cohort.get("left_out", ())):
        yield "left_out.csv"
    yield from ("folds/", "models/") if args.save_models else ("folds/",)


def _tell_cohort(record, is_quiet, target):
    if not is_quiet:
        print_cohort(record, target)
    sys.stdout.flush()
    for notice in record["notices"]:
        warnings.warn(notice, UserWarning, stacklevel=3)


def _keep(args, record, replace):
    """Keep options and cohort beside the results; an earlier run's stay until this one is done."""
    options = {name: value for name, value in vars(args).items() if name != "run"}
    for name, content in {"options.json": options, "cohort.json": record}.items():
        path = Path(args.out) / name
        if replace or not path.exists():
            write_json(path, content)
