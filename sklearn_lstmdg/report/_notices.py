"""What to know before the results, in words: at the top of the page."""

from collections import Counter

from .._text import counted
from ..evaluation import tell_untrained

_PRETRAINED_ON = {"X_unlabeled": "controls of other sites", "training": "its own training scans"}


def notices(study):
    """Return what limits the results, and which rows trained each model."""
    summary = study.comparison.summary()
    alerts = [
        *(f"Left out, as if it were not there: {words}" for words in study.set_aside),
        *_unfinished(study),
        *_permuted(study),
        *(study.cohort.get("notices") or ()),
        *_left_out(study),
        *tell_untrained(summary[summary["site"].isin(study.sites)]),
        *_constant(study),
    ]
    trained = {}
    for model in study.models:
        trained.setdefault(_rows_of(study, model), []).append(model)
    rows = [{"models": ", ".join(models), "words": words} for words, models in trained.items()]
    return {"alerts": alerts, "trained": rows}


def _unfinished(study):
    n_here, n_planned = len(study.folds), study.n_planned
    if n_here >= n_planned:
        return []
    return [
        f"Not finished: {n_here} of {counted(n_planned, 'fold')} so far. Models that were not "
        "tested on the same folds should not be compared yet."
    ]


def _permuted(study):
    if study.options.get("permute_labels") is None:
        return []
    return [
        "The labels were permuted within sites: these results show what chance gives, not what the "
        "models can do."
    ]


def _left_out(study):
    """Say how many scans are missing, and why."""
    reasons = Counter(scan["reason"] for scan in study.cohort.get("left_out") or ())
    counted = [site for site in study.cohort.get("sites") or () if site["table"] is not None]
    if counted:
        pairs = {
            "not among those selected": ("table", "selected"),
            "without a file": ("selected", "files"),
            "whose series is another's": ("files", "loaded"),
        }
        for words, (before, after) in pairs.items():
            reasons[words] += sum(site[before] - site[after] for site in counted)
    told = [f"{reason} ({n})" for reason, n in reasons.items() if n]
    return [f"Scans were left out: {'; '.join(told)}."] if told else []


def _constant(study):
    """Name the series that are constant over their scan."""
    found = constant_series(study)
    if not found:
        return []
    shown = [f"{each['roi']} of subject {each['subject']} at {each['site']}" for each in found[:5]]
    more = f", and {len(found) - 5} more" if len(found) > 5 else ""
    return [f"Series that do not change over their scan: {'; '.join(shown)}{more}."]


def constant_series(study):
    """Return subject, site and ROI of each series that is constant over its scan."""
    rows, found = study.cohort.get("rows") or (), study.cohort.get("constant") or ()
    sites = study.subjects.drop_duplicates("row").set_index("row")["site"].to_dict()
    return [
        {
            "subject": rows[each["row"]]["subject"],
            "site": sites.get(each["row"], "unknown"),
            "roi": study.roi_name(each["roi"]),
        }
        for each in found
        if each["row"] < len(rows)
    ]


def _rows_of(study, model):
    """Say in words which rows trained a model, chose its epoch, and judge it."""
    folds = study.folds[study.folds["model"] == model]
    n_train, n_validation, n_test = (
        _range(folds[name]) for name in ("n_train", "n_validation", "n_test")
    )
    chose = (
        f"{n_validation} others chose its epoch"
        if folds["n_validation"].any()
        else "none was held back to choose an epoch"
    )
    words = f"trained on {n_train} scans in each fold; {chose}; {n_test} that it never saw judge it"
    if "pretrained_on" in folds:
        before = [
            _PRETRAINED_ON.get(name, name) for name in folds["pretrained_on"].dropna().unique()
        ]
        words += f"; pretrained on {' or '.join(before)}" if before else ""
    return words


def _range(counts):
    least, most = int(counts.min()), int(counts.max())
    return str(least) if least == most else f"{least} to {most}"
