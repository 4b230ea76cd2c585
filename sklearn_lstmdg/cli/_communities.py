"""``lstmdg communities``: sizes and robustness of the communities that a comparison has learnt."""

from importlib.util import find_spec
from pathlib import Path

from .._extras import require
from .._files import write_atomically
from ..evaluation import load_comparison, measure_communities
from ..plotting import MembershipDisplay, RobustnessDisplay
from ._parafac_folds import fit_parafac
from ._terminal import say
from ._text_tables import format_communities, tell_untrained

_PARAFAC = "parafac"


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
    say(format_communities(communities, robustness))
    summary = comparison.summary()
    for line in tell_untrained(summary[summary["model"].isin(args.model)]):
        say(line)
    figures = _draw(methods, communities, robustness, args.folder)
    if not args.quiet:
        say(f"\nResults: {args.folder} ({', '.join([*tables, *figures])})")


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
