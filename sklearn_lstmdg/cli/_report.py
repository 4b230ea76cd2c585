"""``lstmdg report``: a results folder as one HTML page."""

from ..report import write_report
from ._terminal import say


def run(args):
    """Write the page and say where it is."""
    names = ("out", "reference", "title", "permuted", "atlas", "labels")
    options = {name: getattr(args, name) for name in names}
    page = write_report(args.folder, **options, verbose=0 if args.quiet else 1)
    say(page if args.quiet else f"Report: {page}")
