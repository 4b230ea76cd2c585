"""``lstmdg communities``: sizes and robustness of the communities that a comparison has learnt."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from .._extras import require
from .._files import write_atomically
from ..evaluation import load_comparison, measure_communities
from ..plotting import MembershipDisplay, RobustnessDisplay
from ._community_table import format_communities
from ._parafac_folds import fit_parafac

_DESCRIPTION = """\
Take the communities of a finished "lstmdg compare": how large they are, and how well those of
different folds agree, beside what permuted ROI labels give. No network is trained again."""

_EXAMPLE = """\
example, the communities of a comparison in the folder nyu, beside those of tensor decomposition:
  lstmdg communities nyu --parafac --n-jobs 2"""

_PARAFAC = "parafac"


def add_parser(commands):
    """Add the sub-command and return its parser."""
    parser = commands.add_parser(
        "communities",
        help="sizes and robustness of the communities of a comparison",
        description=_DESCRIPTION,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", metavar="DIR", help='results folder of "lstmdg compare"')
    parser.add_argument(
        "--model",
        nargs="+",
        default=["lstm-dg"],
        metavar="MODEL",
        help="models of the comparison that have memberships (default: lstm-dg)",
    )
    parser.add_argument(
        "--permutations",
        type=int,
        default=100,
        help="permutations of the ROI labels (default: 100)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="decides permutations and PARAFAC (default: 0)"
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but the table")
    _add_parafac_options(parser.add_argument_group("tensor decomposition"))
    parser.set_defaults(run=run)
    return parser


def _add_parafac_options(group):
    group.add_argument(
        "--parafac",
        action="store_true",
        help="also decompose the connectivity of the training scans of the same folds; reads the "
        "scans as the comparison did, and keeps every finished fold in DIR/parafac",
    )
    group.add_argument(
        "--parafac-step",
        type=int,
        default=5,
        help="time points from one window to the next (default: 5)",
    )
    group.add_argument(
        "--n-jobs", type=int, default=1, help="folds side by side; -1: all cores (default: 1)"
    )


def run(args):
    """Measure, print and draw what the options ask for."""
    comparison = load_comparison(args.folder)
    methods = {model: _read_folds(comparison, model) for model in dict.fromkeys(args.model)}
    if args.parafac:
        methods[_PARAFAC] = fit_parafac(args, next(iter(methods.values())))
    folds = {(method, *key): fold for method, mine in methods.items() for key, fold in mine.items()}
    communities, robustness = measure_communities(folds, args.permutations, args.seed)
    tables = {"communities.csv": communities, "robustness.csv": robustness}
    for name, table in tables.items():
        write_atomically(Path(args.folder) / name, table.to_csv(index=False).encode())
    print(format_communities(communities, robustness))
    figures = _draw(methods, communities, robustness, args.folder)
    if not args.quiet:
        print(f"\nResults: {args.folder} ({', '.join([*tables, *figures])})")


def _read_folds(comparison, model):
    """Return what was kept of a model's folds, by site, repeat and fold."""
    frame = comparison.folds
    mine = frame[frame["model"] == model]
    if mine.empty:
        known = ", ".join(dict.fromkeys(frame["model"]))
        raise ValueError(f"The comparison has no model {model!r}; it has {known}.")
    keys = mine[["site", "repeat", "fold"]].itertuples(index=False, name=None)
    folds = {key: comparison.fold(model, *key) for key in keys}
    if any(fold.membership is None for fold in folds.values()):
        raise ValueError(f"Model {model!r} has no memberships to take communities from.")
    return folds


def _draw(methods, communities, robustness, folder):
    """Write the figures where matplotlib is installed, and return their names."""
    if find_spec("matplotlib") is None:
        return []
    figure, axes = _new_figure((4.2 * 3, 3.8), 3)
    RobustnessDisplay.from_tables(communities, robustness, ax=axes)
    _save(figure, folder, "robustness.png")
    figure, axes = _new_figure((4.6 * len(methods), 5), len(methods))
    for ax, (method, folds) in zip(axes, methods.items(), strict=True):
        (site, repeat, number), fold = next(iter(folds.items()))
        title = f"{method}, {site}, repeat {repeat}, fold {number}"
        MembershipDisplay(fold.membership).plot(ax, title=title)
    _save(figure, folder, "memberships.png")
    return ["robustness.png", "memberships.png"]


def _new_figure(size, n_panels):
    """Make a figure that needs no display."""
    figure = require("matplotlib.figure", extra="plot").Figure(size, layout="constrained")
    return figure, figure.subplots(1, n_panels, squeeze=False)[0]


def _save(figure, folder, name):
    figure.savefig(Path(folder) / name, dpi=150)
