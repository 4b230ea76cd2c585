"""``lstmdg fetch``: download ABIDE's scans."""

from ..datasets import fetch_abide
from ..report import cohort_record
from ._scan_options import name_sites, pcp_options, print_cohort


def run(args):
    """Download, and say what is there."""
    cohort = fetch_abide(
        args.data_dir,
        sites=args.sites,
        verbose=0 if args.quiet else 1,
        **pcp_options(args),
    )
    if not args.quiet:
        print_cohort(cohort_record(cohort, name_sites(cohort.sites, args.sites)))
