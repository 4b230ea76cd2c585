"""Put the sections together and write the page."""

import warnings
from pathlib import Path
from string import Template

from .._files import write_atomically
from .._version import __version__
from ._html import text
from ._results import losses, results, roc, tests
from ._setting import citations, cohort, every_fold, raised, run, versions
from ._structure import communities, robustness
from ._study import read_study
from ._style import PAGE

__all__ = ["write_report"]

_SECTIONS = {
    "run": ("What was run", run),
    "cohort": ("On whom", cohort),
    "results": ("Results", results),
    "tests": ("Tests", tests),
    "roc": ("ROC curves", roc),
    "training": ("Training curves", losses),
    "robustness": ("Robustness of communities", robustness),
    "communities": ("Top communities", communities),
    "warnings": ("Warnings", raised),
    "versions": ("Versions and seeds", versions),
    "folds": ("Every fold", every_fold),
    "cite": ("How to cite", citations),
}


def write_report(folder, out=None, reference=None, title=None):
    """Write a results folder as one HTML page, to be read without a network.

    Parameters
    ----------
    folder : path
        What ``compare_models`` was given as ``out``.
    out : path, default=None
        The page; by default ``report.html`` in the folder.
    reference : str, default=None
        The model that the others are tested against; "lstm-dg" by default, else the first.
    title : str, default=None
        The page's title; by default it has the folder's name.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    FileNotFoundError
        If the folder holds no finished fold.
    ValueError
        If there is no such model.

    Examples
    --------
    >>> from sklearn_lstmdg.report import write_report
    >>> write_report("lstmdg-results")  # doctest: +SKIP
    PosixPath('lstmdg-results/report.html')
    """
    study = read_study(folder)
    if reference is None:
        reference = "lstm-dg" if "lstm-dg" in study.models else study.models[0]
    if reference not in study.models:
        raise ValueError(f"reference={reference!r} must be one of {', '.join(study.models)}.")
    study.reference = reference
    with warnings.catch_warnings():
        # What a metric of few subjects warns of is said in the tables' own words.
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.filterwarnings("ignore", message="Creating legend")
        page = _page(study, title)
    path = Path(folder) / "report.html" if out is None else Path(out)
    write_atomically(path, page.encode())
    return path


def _page(study, title):
    parts = {name: (heading, make(study)) for name, (heading, make) in _SECTIONS.items()}
    contents = "".join(
        f'<li><a href="#{name}">{text(heading)}</a></li>' for name, (heading, _) in parts.items()
    )
    sections = "\n".join(
        f'<section id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{text(heading)}</h2>{content}</section>'
        for name, (heading, content) in parts.items()
    )
    return Template(PAGE).substitute(
        title=text(title or f"Comparison of models: {study.folder.resolve().name}"),
        subtitle=text(_subtitle(study)),
        contents=contents,
        sections=sections,
        version=__version__,
    )


def _subtitle(study):
    kind = "simulated scans" if study.is_simulated else "scans"
    sites = ", ".join(study.sites) if len(study.sites) < 6 else f"{len(study.sites)} sites"
    where = "" if study.sites == ["all"] else f" at {sites}"
    return f"{', '.join(study.models)} on {kind} of {study.n_subjects} subjects{where}"
