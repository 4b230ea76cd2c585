"""``lstmdg`` without a command: the main job on simulated scans, in under a minute."""

from importlib.util import find_spec

from ..datasets import make_scans
from ..models import make_model
from ..report import write_report
from ._commands import INTRODUCTION
from ._compare import compare_and_report
from ._terminal import say

_MODELS = ("lstm-dg", "lstm-h", "lstm-d", "lstm-s")
_COHORT = {"n_subjects": 60, "n_timepoints": 120, "n_rois": 40}
_EFFECT_SIZE = 0.5
_SMALL_NET = {"n_communities": 16, "n_units": 8, "max_updates": 500}
_STEP = 5

_NEXT = """\
What next:
- every subject's label and score are in {out}/predictions.csv;
- "lstmdg compare --help" tells how to do the same with ABIDE's scans, or with other settings;
- in Python, sklearn_lstmdg.models.make_model("lstm-dg") is the scikit-learn Pipeline behind a line
  of the table, and sklearn_lstmdg.evaluation.load_comparison("{out}") has these results."""


def run(args):
    """Simulate a cohort and compare the paper's models on it."""
    say(INTRODUCTION + "\n")
    cohort = make_scans(**_COHORT, effect_size=_EFFECT_SIZE, random_state=args.seed)
    models = {name: make_model(name, step=_STEP, **_SMALL_NET) for name in _MODELS}
    models["fc-svm"] = make_model("fc-svm", step=_STEP)
    compare_and_report(models, cohort, args)
    say("\n" + _NEXT.format(out=args.out))
    say(f"\n{_report(args.out)}")


def _report(out):
    """Write the page and name it, or say what it needs."""
    if find_spec("matplotlib") is None:
        return (
            "For a report with figures: python -m pip install 'sklearn-lstmdg[plot]', then "
            f"lstmdg report {out}"
        )
    return f"Report, to open in a browser: {write_report(out, verbose=1)}"
