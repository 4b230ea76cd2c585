"""Fill the templates with what each section has computed, and write the page."""

import os
import warnings
from pathlib import Path

from .._files import write_atomically
from .._version import __version__
from ._cells import fill, is_numeric, sort_key
from ._community_sections import communities, robustness
from ._performance_sections import results, roc, tests, training
from ._run_sections import cite, cohort, folds, raised, run, versions
from ._study import Study

# Each section's name is that of its template.
_SECTIONS = {
    "run": ("What was run", run),
    "cohort": ("On whom", cohort),
    "results": ("Results", results),
    "tests": ("Tests", tests),
    "roc": ("ROC curves", roc),
    "training": ("Training curves", training),
    "robustness": ("Robustness of communities", robustness),
    "communities": ("Top communities", communities),
    "warnings": ("Warnings", raised),
    "versions": ("Versions and seeds", versions),
    "folds": ("Every fold", folds),
    "cite": ("How to cite", cite),
}


def write_report(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    reference: str | None = None,
    title: str | None = None,
) -> Path:
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
    study = Study(folder, reference)
    with warnings.catch_warnings():
        # What a metric of few subjects warns of is said in the tables' own words.
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.filterwarnings("ignore", message="Creating legend")
        sections = [
            {"name": name, "title": heading, "data": compute(study)}
            for name, (heading, compute) in _SECTIONS.items()
        ]
    page = _environment().get_template("page.html")
    content = page.render(
        title=title or f"Comparison of models: {study.folder.resolve().name}",
        study=study,
        sections=sections,
        version=__version__,
    )
    path = Path(folder) / "report.html" if out is None else Path(out)
    write_atomically(path, content.encode())
    return path


def _environment():
    from jinja2 import Environment, PackageLoader, StrictUndefined  # not for "lstmdg --help"

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"fill": fill, "sort_key": sort_key}
    environment.tests["numeric"] = is_numeric
    return environment
