"""What the scans' target is: classes or a quantity, which class is positive, which models serve."""

import warnings

import numpy as np

from ..evaluation import find_target_kind
from ..models import model_names
from ._commands import MODELS
from ._scan_options import has_own_scans

_SERVE = {"classes": "classifier", "continuous": "regressor"}


def settle_target(cohort, args):
    """Make the target of the kind that is asked for, or that its values tell; choose models."""
    if args.target is not None and args.target in (args.confounds or ()):
        raise ValueError(f"--confounds names {args.target}, which is the target.")
    kind = args.target_kind or find_target_kind(cohort.target)
    if kind == "continuous":
        cohort.target, cohort.target_names = _as_numbers(cohort.target, args.target), None
    elif cohort.target.dtype.kind == "f":
        cohort.target = np.array([f"{value:g}" for value in cohort.target])
        cohort.target_names = np.unique(cohort.target).tolist()
    args.models = args.models or MODELS[kind]
    serve = model_names(_SERVE[kind])
    wrong = [name for name in args.models if name not in serve]
    if wrong:
        what = "is continuous" if kind == "continuous" else "has classes"
        raise ValueError(
            f"--models {', '.join(wrong)} will not do: the target{_named(args)} {what} (see "
            f"--target-kind), and models for it are {', '.join(serve)}."
        )


def _named(args):
    return f" {args.target}" if has_own_scans(args) else ""


def _as_numbers(target, column):
    try:
        return target.astype(np.float64)
    except ValueError as error:
        said = f"--target-kind continuous: {column} does not hold numbers"
        raise ValueError(f"{said} ({error}).") from error


def positive_class(cohort, args):
    """Return the positive class that the options name; warn where its place in the order does."""
    if not has_own_scans(args):
        return None
    classes = cohort.target_names or []
    if args.positive is None:
        order = "by alphabet" if cohort.target.dtype.kind == "U" else "in order"
        if len(classes) == 2 and classes != ["0", "1"]:
            message = f"{classes[-1]!r} is the positive class, the last {order}: see --positive."
            warnings.warn(message, UserWarning, stacklevel=2)
        return None
    if args.positive not in classes:
        told = ", ".join(classes) or "continuous"
        raise ValueError(f"--positive {args.positive!r} is no class: {args.target} is {told}.")
    if len(classes) > 2:
        raise ValueError(f"--positive is for two classes: {args.target} is {', '.join(classes)}.")
    return np.unique(cohort.target)[classes.index(args.positive)]
