"""``lstmdg fetch``: download ABIDE's scans."""

import argparse

from ..datasets import fetch_abide
from ._scan_options import name_sites, print_cohort

_DESCRIPTION = """\
Download ABIDE I's preprocessed ROI series (Preprocessed Connectomes Project) through nilearn, once:
files that are there already are kept. Their use is for non-commercial research, with attribution
to ABIDE and the Preprocessed Connectomes Project."""

_EXAMPLE = """\
example, NYU's scans with the Harvard-Oxford atlas, and then the comparison on them:
  lstmdg fetch --data-dir ~/nilearn_data --atlas ho --pipeline cpac --sites NYU \\
      --no-global-signal-regression
  lstmdg compare --data-dir ~/nilearn_data --atlas ho --pipeline cpac --sites NYU \\
      --no-global-signal-regression --regress-global-mean --out nyu"""

_PIPELINES = ("ccs", "cpac", "dparsf", "niak")


def add_parser(commands):
    """Add the sub-command and return its parser."""
    parser = commands.add_parser(
        "fetch",
        help="download ABIDE scans",
        description=_DESCRIPTION,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help="where ABIDE_pcp/ is made (default: NILEARN_DATA, else ~/nilearn_data)",
    )
    parser.add_argument("--atlas", default="aal", help="aal, ho, cc200, ... (default: aal)")
    parser.add_argument(
        "--pipeline", default="ccs", choices=_PIPELINES, help="PCP's pipeline (default: ccs)"
    )
    for name, what in (
        ("--band-pass-filtering", "the scans filtered to 0.01-0.1 Hz"),
        ("--global-signal-regression", "the scans with the global signal regressed"),
    ):
        parser.add_argument(
            name,
            action=argparse.BooleanOptionalAction,
            default=True,
            help=f"download {what} (default: yes)",
        )
    parser.add_argument(
        "--sites", nargs="+", metavar="SITE", help="such as NYU or UM_1 (default: all)"
    )
    parser.add_argument(
        "--quality-checked", action="store_true", help="only subjects that PCP's raters passed"
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    parser.set_defaults(run=run)
    return parser


def run(args):
    """Download, and say what is there."""
    cohort = fetch_abide(
        args.data_dir,
        atlas=args.atlas,
        sites=args.sites,
        pipeline=args.pipeline,
        band_pass_filtering=args.band_pass_filtering,
        global_signal_regression=args.global_signal_regression,
        quality_checked=args.quality_checked,
        verbose=0 if args.quiet else 1,
    )
    if not args.quiet:
        print_cohort(cohort, name_sites(cohort.sites, args.sites))
