"""The sub-commands of ``lstmdg``: their words and options; what runs is imported when it runs."""

import argparse
from collections.abc import Callable
from importlib import import_module
from os.path import expanduser
from typing import NamedTuple

from ..models import model_names

_PIPELINES = ("ccs", "cpac", "dparsf", "niak")
_SCHEMES = ("within-site", "leave-one-site-out", "pooled")
_MODELS = ("lstm-dg", "lstm-h", "lstm-d", "lstm-s", "fc-svm")

INTRODUCTION = """\
A demonstration on simulated scans: two groups of subjects whose brain communities are coupled
differently. Five models learn to tell the groups apart; each subject is judged by models that
never saw that subject."""

_COMPARE = """\
Compare models on ABIDE's scans, site by site, by the paper's cross-validation: a subject's scan is
either trained on or tested, never both. Every finished fold is kept, so that the same command goes
on where it was interrupted."""

_COMPARE_EXAMPLE = """\
example, NYU's subjects with the Harvard-Oxford atlas, all five models:
  lstmdg compare --data-dir ~/nilearn_data --atlas ho --pipeline cpac --sites NYU \\
      --no-global-signal-regression --regress-global-mean --n-jobs 2 --out nyu

a first look within a minute (simulated scans, fewer windows and folds):
  lstmdg compare --models fc-svm --step 10 --folds 3 --out first-look

on a cluster (on SLURM, dask_jobqueue.SLURMCluster gives the address; --out is on a shared disk):
  lstmdg compare --dask tcp://node7:8786 --data-dir /shared/abide --out /shared/nyu"""

_COMMUNITIES = """\
Take the communities of a finished "lstmdg compare": how large they are, and how well those of
different folds agree, beside what permuted ROI labels give. No network is trained again."""

_COMMUNITIES_EXAMPLE = """\
example, the communities of a comparison in the folder nyu, beside those of tensor decomposition:
  lstmdg communities nyu --parafac --n-jobs 2"""

_DECODE = """\
Draw the most influential communities of each site's best fold on the brain, and rank the terms that
go with them. The best fold has the highest test accuracy (then the highest AUC, then the lowest
validation loss): it is chosen by its test subjects, for display only, never for a result."""

_DECODE_EXAMPLE = """\
example, with the mask that PCP averaged over and Neurosynth's topics, and then the page:
  lstmdg decode nyu --atlas ho_mask_pad.nii.gz --labels ho_labels.csv --maps neurosynth \\
      --threshold 0.05
  lstmdg report nyu"""

_REPORT = """\
Turn a results folder into one HTML page that needs no network: what was run and on whom, the
comparison with its tests, ROC and training curves, robustness of communities, and the top
communities (on the brain, after "lstmdg decode")."""

_REPORT_EXAMPLE = """\
examples:
  lstmdg report nyu
  lstmdg report nyu --out paper/nyu.html --reference lstm-h --title "NYU, Harvard-Oxford"
  xdg-open "$(lstmdg report nyu --quiet)\""""

_FETCH = """\
Download ABIDE I's preprocessed ROI series (Preprocessed Connectomes Project) through nilearn, once:
files that are there already are kept. Their use is for non-commercial research, with attribution
to ABIDE and the Preprocessed Connectomes Project."""

_FETCH_EXAMPLE = """\
example, NYU's scans with the Harvard-Oxford atlas, and then the comparison on them:
  lstmdg fetch --data-dir ~/nilearn_data --atlas ho --pipeline cpac --sites NYU \\
      --no-global-signal-regression
  lstmdg compare --data-dir ~/nilearn_data --atlas ho --pipeline cpac --sites NYU \\
      --no-global-signal-regression --regress-global-mean --out nyu"""


class Command(NamedTuple):
    """A sub-command, as its help shows it."""

    name: str
    module: str  # has the function ``run`` that takes the options
    help: str
    description: str
    example: str
    add_options: Callable

    def add_to(self, commands):
        """Add the sub-command and return its parser."""
        parser = commands.add_parser(
            self.name,
            help=self.help,
            description=self.description,
            epilog=self.example,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.add_options(parser)
        parser.set_defaults(run=self.run)
        return parser

    def run(self, args):
        """Import what the sub-command needs, and run it."""
        import_module(self.module, __package__).run(args)


def _at_least(least):
    """Return a type of options: integers from ``least`` on."""

    def integer(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, not {value}")
        return value

    integer.__name__ = "int"  # argparse names it where text is no number
    return integer


def _add_compare_options(parser):
    add_cohort_options(parser)
    _add_model_options(parser.add_argument_group("models"))
    _add_protocol_options(parser.add_argument_group("cross-validation"))


def add_cohort_options(parser):
    """Add the options that choose scans."""
    real = parser.add_argument_group("ABIDE scans")
    real.add_argument(
        "--data-dir",
        metavar="DIR",
        help="folder that contains ABIDE_pcp/ as nilearn downloads it; without it, scans are "
        "simulated",
    )
    _add_abide_options(real, "read")
    real.add_argument(
        "--sites",
        nargs="+",
        metavar="SITE",
        help="sites to load, each compared on its own: UM is UM_1 and UM_2 as one site, UM_1 is "
        "only that (default: all)",
    )
    real.add_argument(
        "--unlabeled-sites",
        nargs="+",
        metavar="SITE",
        help="further sites, never tested: their controls are what dtl and lstm-dg-tuned pretrain "
        "on, beside those of the other sites compared",
    )
    real.add_argument(
        "--resample-to",
        type=float,
        metavar="SECONDS",
        help="bring all scans to this repetition time (the paper: 2)",
    )
    simulated = parser.add_argument_group("simulated scans (without --data-dir)")
    simulated.add_argument(
        "--subjects", type=_at_least(2), default=40, help="how many (default: 40)"
    )


def refuse_abide_options(args):
    """Refuse options that choose scans of ABIDE where there is no folder of them."""
    parser = argparse.ArgumentParser(add_help=False)
    add_cohort_options(parser)
    given = [
        action.option_strings[0]
        for action in parser._actions
        if action.dest not in ("data_dir", "subjects")
        and getattr(args, action.dest, action.default) != action.default
    ]
    if given:
        raise ValueError(
            f"{', '.join(given)} needs --data-dir, the folder of ABIDE's scans: without it, scans "
            "are simulated."
        )


def _add_abide_options(group, verb):
    """Add the options that name files of PCP."""
    group.add_argument("--atlas", default="aal", help="aal, ho, cc200, ... (default: aal)")
    group.add_argument(
        "--pipeline", default="ccs", choices=_PIPELINES, help="PCP's pipeline (default: ccs)"
    )
    for name, what in (
        ("--band-pass-filtering", "PCP's scans filtered to 0.01-0.1 Hz"),
        ("--global-signal-regression", "PCP's scans with the global signal regressed"),
    ):
        group.add_argument(
            name,
            action=argparse.BooleanOptionalAction,
            default=True,
            help=f"{verb} {what} (default: yes)",
        )
    group.add_argument(
        "--quality-checked", action="store_true", help="only subjects that PCP's raters passed"
    )


def _add_model_options(group):
    group.add_argument(
        "--models",
        nargs="+",
        default=list(_MODELS),
        metavar="MODEL",
        help=f"which of {', '.join(model_names())} (default: the first five)",
    )
    group.add_argument(
        "--length", type=_at_least(1), default=30, help="time points of a window (default: 30)"
    )
    group.add_argument(
        "--step",
        type=_at_least(1),
        default=1,
        help="time points from one window to the next; 5 is five times faster (default: 1)",
    )
    group.add_argument(
        "--regress-global-mean",
        action="store_true",
        help="regress the mean over ROIs from each scan, which does what PCP's global signal "
        "regression does where that was not applied",
    )


def _add_protocol_options(group):
    group.add_argument(
        "--scheme",
        default=_SCHEMES[0],
        choices=_SCHEMES,
        help="each site on its own, each tested by the others, or folds over all sites' subjects "
        "(default: within-site)",
    )
    group.add_argument("--folds", type=_at_least(3), default=10, help="at least 3 (default: 10)")
    group.add_argument(
        "--repeats", type=_at_least(1), default=1, help="partitions into folds (default: 1)"
    )
    group.add_argument(
        "--n-jobs", type=int, default=1, help="folds side by side; -1: all cores (default: 1)"
    )
    group.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="run the folds on the workers of a Dask cluster, given its scheduler's address",
    )
    group.add_argument(
        "--seed", type=_at_least(0), default=0, help="decides all results (default: 0)"
    )
    group.add_argument(
        "--permute-labels",
        type=_at_least(0),
        metavar="SEED",
        help="permute labels within sites first, to see what chance gives",
    )
    group.add_argument(
        "--confounds",
        nargs="*",
        metavar="COLUMN",
        help="beside the models, judge a logistic regression on these columns of the phenotypic "
        "table alone (none named: head motion, age, sex and site)",
    )
    group.add_argument(
        "--out",
        type=expanduser,
        default="lstmdg-compare",
        metavar="DIR",
        help="results folder (default: lstmdg-compare)",
    )
    group.add_argument("--quiet", action="store_true", help="print nothing but the table")


def _add_communities_options(parser):
    parser.add_argument("folder", metavar="DIR", help='results folder of "lstmdg compare"')
    parser.add_argument(
        "--model",
        nargs="+",
        default=["lstm-dg"],
        metavar="MODEL",
        help="models of the comparison that have memberships (default: lstm-dg)",
    )
    parser.add_argument(
        "--permutations",
        type=_at_least(1),
        default=100,
        help="permutations of the ROI labels (default: 100)",
    )
    parser.add_argument(
        "--seed", type=_at_least(0), default=0, help="decides permutations and PARAFAC (default: 0)"
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but the table")
    _add_parafac_options(parser.add_argument_group("tensor decomposition"))


def _add_parafac_options(group):
    group.add_argument(
        "--parafac",
        action="store_true",
        help="also decompose the connectivity of the training scans of the same folds; reads the "
        "scans as the comparison did, and keeps every finished fold in DIR/parafac",
    )
    group.add_argument(
        "--parafac-step",
        type=_at_least(1),
        default=5,
        help="time points from one window to the next (default: 5)",
    )
    group.add_argument(
        "--n-jobs", type=int, default=1, help="folds side by side; -1: all cores (default: 1)"
    )


def _add_decode_options(parser):
    parser.add_argument("folder", metavar="DIR", help='results folder of "lstmdg compare"')
    parser.add_argument(
        "--model", help="whose communities (default: the first model that has an influence)"
    )
    parser.add_argument(
        "--top", type=_at_least(1), default=3, help="how many communities (default: 3)"
    )
    parser.add_argument(
        "--seed", type=_at_least(0), default=0, help="decides the null sets of ROIs (default: 0)"
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but the results' name")
    _add_atlas_options(parser.add_argument_group("atlas"))
    _add_term_options(parser.add_argument_group("terms"))


def _add_atlas_options(group):
    group.add_argument(
        "--atlas",
        required=True,
        metavar="IMAGE",
        help="label image that the series were averaged over; aal, harvard-oxford and cc200 are "
        "downloaded by nilearn",
    )
    group.add_argument("--labels", metavar="CSV", help="table of ROI names: columns code and name")
    group.add_argument(
        "--roi-codes",
        metavar="FILE",
        help="atlas codes of the scans' ROIs, in their order, for example one of the .1D files "
        "(default: as the comparison kept them, else all codes of the atlas)",
    )


def _add_term_options(group):
    group.add_argument(
        "--maps",
        metavar="DIR",
        help="folder with one NIfTI map per term, or with the files of Neurosynth or NeuroQuery "
        "(default: no terms)",
    )
    group.add_argument(
        "--vocabulary", default="", metavar="NAME", help="which one, where the folder has several"
    )
    group.add_argument(
        "--threshold",
        type=float,
        default=0.001,
        help="weight above which a study uses a term; 0.05 for topics (default: 0.001)",
    )
    group.add_argument(
        "--permutations", type=_at_least(1), default=1000, help="null sets of ROIs (default: 1000)"
    )


def _add_report_options(parser):
    parser.add_argument("folder", metavar="DIR", help='results folder of "lstmdg compare"')
    parser.add_argument(
        "--out", type=expanduser, metavar="FILE", help="the page (default: report.html in DIR)"
    )
    parser.add_argument(
        "--reference",
        metavar="MODEL",
        help="the model that the others are tested against (default: lstm-dg, else the first)",
    )
    parser.add_argument("--title", help="the page's title (default: the folder's name)")
    parser.add_argument("--quiet", action="store_true", help="print nothing but the page's name")


def _add_fetch_options(parser):
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help="where ABIDE_pcp/ is made (default: NILEARN_DATA, else ~/nilearn_data)",
    )
    _add_abide_options(parser, "download")
    parser.add_argument(
        "--sites", nargs="+", metavar="SITE", help="such as NYU or UM_1 (default: all)"
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing")


def _add_demonstration_options(parser):
    parser.add_argument(
        "--out", type=expanduser, default="lstmdg-results", metavar="DIR", help="results folder"
    )
    parser.add_argument("--n-jobs", type=int, default=2, help="folds side by side (default: 2)")
    parser.add_argument(
        "--seed", type=_at_least(0), default=0, help="decides all results (default: 0)"
    )
    parser.set_defaults(sites=None, permute_labels=None, folds=5, repeats=1, quiet=False)


COMMANDS = (
    Command(
        "demo",
        "._demonstration",
        "the demonstration (also without a command)",
        INTRODUCTION,
        "",
        _add_demonstration_options,
    ),
    Command(
        "compare",
        "._compare",
        "compare models on ABIDE scans or simulated ones",
        _COMPARE,
        _COMPARE_EXAMPLE,
        _add_compare_options,
    ),
    Command(
        "communities",
        "._communities",
        "sizes and robustness of the communities of a comparison",
        _COMMUNITIES,
        _COMMUNITIES_EXAMPLE,
        _add_communities_options,
    ),
    Command(
        "decode",
        "._decode",
        "draw the top communities of a comparison on the brain and find their terms",
        _DECODE,
        _DECODE_EXAMPLE,
        _add_decode_options,
    ),
    Command(
        "report",
        "._report",
        "write a results folder as one HTML page",
        _REPORT,
        _REPORT_EXAMPLE,
        _add_report_options,
    ),
    Command(
        "fetch",
        "._fetch",
        "download ABIDE scans",
        _FETCH,
        _FETCH_EXAMPLE,
        _add_fetch_options,
    ),
)
