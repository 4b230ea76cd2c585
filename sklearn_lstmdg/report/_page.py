"""Fill the templates with what each section has computed, and write the page."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from .._bars import steps
from .._extras import require
from .._files import write_atomically
from .._version import __version__
from ._community_sections import communities, robustness
from ._export import to_json
from ._kept_files import RECORDS
from ._methods import methods
from ._notices import notices
from ._performance_sections import chance, results, roc, tests, training
from ._run_sections import cite, cohort, folds, raised, run, versions
from ._study import Study
from ._subject_sections import agreement, calibration, confusion, covariates, subjects
from ._templates import environment

# Each section's name is that of its template.
_SECTIONS = {
    "notices": ("What to know first", notices),
    "run": ("What was run", run),
    "cohort": ("On whom", cohort),
    "results": ("Results", results),
    "tests": ("Differences between models", tests),
    "chance": ("Permuted labels", chance),
    "confusion": ("Confusion matrices", confusion),
    "agreement": ("Predicted against true", agreement),
    "calibration": ("Calibration", calibration),
    "roc": ("ROC curves", roc),
    "subjects": ("Subject by subject", subjects),
    "covariates": ("Head motion and age", covariates),
    "training": ("Training curves", training),
    "robustness": ("Robustness of communities", robustness),
    "communities": ("Top communities", communities),
    "warnings": ("Warnings", raised),
    "versions": ("Versions and seeds", versions),
    "folds": ("Every fold", folds),
    "methods": ("Methods, for a paper", methods),
    "cite": ("How to cite", cite),
}


def write_report(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    reference: str | None = None,
    title: str | None = None,
    permuted: Sequence[str | os.PathLike[str]] | None = None,
    atlas: str | os.PathLike[str] | None = None,
    labels: str | os.PathLike[str] | None = None,
    verbose: int = 0,
) -> Path:
    """Write a results folder as one HTML page, to be read without a network.

    Beside the page there will be a file of the same name that ends in ``.json`` and holds all that
    the page shows, numbers in full.

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
    permuted : sequence of path, default=None
        Results folders of the same comparison with permuted labels; by default those that lie in
        the folder.
    atlas : path, default=None
        Label image of the ROIs, for pictures of communities on the brain, as
        :func:`~sklearn_lstmdg.decoding.load_atlas` takes it; by default the one that lies beside
        the scans: ``atlases/`` in ABIDE's folder, or a ``dseg.nii.gz`` of BIDS derivatives.
    labels : path, default=None
        Table of ROI names, with the columns ``code`` and ``name``.
    verbose : int, default=0
        1 reports on standard error which section is computed.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ImportError
        If matplotlib, the extra ``plot``, is not installed.
    FileNotFoundError
        If the folder holds no finished fold.
    ValueError
        If there is no such model, or the file beside the page would replace one of the folder's.

    Examples
    --------
    >>> from sklearn_lstmdg.report import write_report
    >>> write_report("lstmdg-results")  # doctest: +SKIP
    PosixPath('lstmdg-results/report.html')
    """
    require("matplotlib", extra="plot")  # before long computations, which end in figures
    path, record = _files(Path(folder), out)
    study = Study(folder, reference, permuted, atlas, labels)
    with warnings.catch_warnings():
        # What a metric of few subjects warns of is said in the tables' own words.
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.filterwarnings("ignore", message="Creating legend")
        data = _compute(study, verbose)
    sections = [
        {"name": name, "title": heading, "data": data[name]}
        for name, (heading, _) in _SECTIONS.items()
        if data[name] is not None  # of another kind of target
    ]
    title = title or f"Comparison of models: {study.folder.resolve().name}"
    facts = {"title": title, "version": __version__, "record": quote(record.name)}
    page = environment().get_template("page.html").render(study=study, sections=sections, **facts)
    write_atomically(path, page.encode())
    write_atomically(record, to_json(title, __version__, sections).encode())
    return path


def _compute(study, verbose):
    """Return what each section shows, by its name.

    Notices stand first and are taken last: other sections may find what to tell.
    """
    named = [(heading, (name, compute)) for name, (heading, compute) in _SECTIONS.items()]
    return {name: compute(study) for name, compute in steps(named[::-1], verbose)}


def _files(folder, out):
    """Return the page and the file beside it; refuse where that would replace another file."""
    page = folder / "report.html" if out is None else Path(out)
    record = page.with_suffix(".json")
    is_of_run = record.stem in RECORDS and record.parent.resolve() == folder.resolve()
    if is_of_run or record == page:
        raise ValueError(
            f"{page} cannot be the page: {record.name} beside it would replace another."
        )
    return page, record
