"""``lstmdg communities``: sizes and robustness of the communities that a comparison has learnt."""

from importlib.util import find_spec
from pathlib import Path

from .._extras import require
from .._files import write_csv, write_figure
from ..evaluation import load_comparison, measure_communities, tell_untrained
from ..plotting import MembershipDisplay, RedundancyDisplay, RobustnessDisplay
from ._parafac_folds import fit_parafac
from ._terminal import say
from ._text_tables import format_communities

_PARAFAC = "parafac"


def run(args):
    """Measure, print and draw what the options ask for."""
    comparison = load_comparison(args.folder)
    models = args.model or [first_model(comparison, "membership")]
    methods = {model: _read_folds(comparison, model) for model in dict.fromkeys(models)}
    if args.parafac:
        methods[_PARAFAC] = fit_parafac(args, next(iter(methods.values())))
    folds = {(method, *key): fold for method, mine in methods.items() for key, fold in mine.items()}
    communities, robustness = measure_communities(folds, args.permutations, args.seed)
    tables = {"communities.csv": communities, "robustness.csv": robustness}
    for name, table in tables.items():
        write_csv(Path(args.folder) / name, table)
    say(format_communities(communities, robustness))
    summary = comparison.summary()
    for line in tell_untrained(summary[summary["model"].isin(models)]):
        say(line)
    for method, mine in methods.items():
        first = next(iter(mine.values()))
        if "memberships" in first:
            shared = f"{first.membership.shape[1]} communities that {len(first.memberships)}"
            say(f"{method}: {shared} networks of each fold have in common.")
    figures = _draw(methods, communities, robustness, args.folder)
    if not args.quiet:
        say(f"\nResults: {args.folder} ({', '.join([*tables, *figures])})")


def first_model(comparison, *needed):
    """Return the first model whose folds keep what is needed of its communities."""
    for row in comparison.folds.drop_duplicates("model").itertuples():
        fold = comparison.fold(row.model, row.site, row.repeat, row.fold)
        if all(fold[name] is not None for name in needed):
            return row.model
    known = ", ".join(comparison.folds["model"].unique())
    raise ValueError(
        f"No model of the comparison has learnt {' and '.join(needed)}, as lstm-dg and lstm-h do: "
        f"it has {known}."
    )


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
    figure_class = require("matplotlib.figure", extra="plot").Figure
    sizes = {"robustness": (16.8, 3.8), "redundancy": (8, 3.8)}
    sizes["memberships"] = (4.6 * len(methods), 5)
    figures = {f"{n}.png": figure_class(size, layout="constrained") for n, size in sizes.items()}
    alike, distinct, maps = figures.values()
    RobustnessDisplay.from_tables(communities, robustness, ax=alike.subplots(1, 4))
    RedundancyDisplay.from_tables(communities, robustness, ax=distinct.subplots())
    panels = maps.subplots(1, len(methods), squeeze=False)[0]
    for ax, (method, folds) in zip(panels, methods.items(), strict=True):
        (site, repeat, number), fold = next(iter(folds.items()))
        title = f"{method}, {site}, repeat {repeat}, fold {number}"
        names = fold.get("roi_names")
        MembershipDisplay(fold.membership, roi_names=names).plot(ax, title=title)
    for name, figure in figures.items():
        write_figure(Path(folder, name), figure, dpi=150)
    return [*figures]
