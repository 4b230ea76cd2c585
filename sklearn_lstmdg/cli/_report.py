"""``lstmdg report``: a results folder as one HTML page."""

import argparse

from ..report import write_report

_DESCRIPTION = """\
Turn a results folder into one HTML page that needs no network: what was run and on whom, the
comparison with its tests, ROC and training curves, robustness of communities, and the top
communities (on the brain, after "lstmdg decode")."""

_EXAMPLE = """\
examples:
  lstmdg report nyu
  lstmdg report nyu --out paper/nyu.html --reference lstm-h --title "NYU, Harvard-Oxford"
  xdg-open "$(lstmdg report nyu --quiet)\""""


def add_parser(commands):
    """Add the sub-command and return its parser."""
    parser = commands.add_parser(
        "report",
        help="write a results folder as one HTML page",
        description=_DESCRIPTION,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", metavar="DIR", help='results folder of "lstmdg compare"')
    parser.add_argument("--out", metavar="FILE", help="the page (default: report.html in DIR)")
    parser.add_argument(
        "--reference",
        metavar="MODEL",
        help="the model that the others are tested against (default: lstm-dg, else the first)",
    )
    parser.add_argument("--title", help="the page's title (default: the folder's name)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but the page's name")
    parser.set_defaults(run=run)
    return parser


def run(args):
    """Write the page and say where it is."""
    page = write_report(args.folder, args.out, args.reference, args.title)
    print(page if args.quiet else f"Report: {page}")
