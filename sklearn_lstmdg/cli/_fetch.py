"""``lstmdg fetch``: download ABIDE's scans."""

from ..datasets import fetch_abide
from ._scan_options import name_sites, print_cohort


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
