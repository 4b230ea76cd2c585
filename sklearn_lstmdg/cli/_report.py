"""``lstmdg report``: a results folder as one HTML page."""

from ..report import write_report
from ._terminal import say


def run(args):
    """Write the page and say where it is."""
    more = {"permuted": args.permuted, "atlas": args.atlas, "labels": args.labels}
    page = write_report(args.folder, args.out, args.reference, args.title, **more)
    say(page if args.quiet else f"Report: {page}")
