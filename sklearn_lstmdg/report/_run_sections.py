"""What was run: models, cohort, warnings, versions, folds, citations."""

import json
from pathlib import PurePath

from ._toml import to_toml


def run(study):
    """Return the models, with their parameters, and the options as a file."""
    by_model = study.folds.groupby("model")["seconds"].agg(n_folds="size", seconds="sum")
    settings = study.settings.get("models", {})
    parameters = [_flat(settings.get(model, {})) for model in study.models]
    return {
        "models": [
            {"model": model, "steps": _steps(settings.get(model, {})), **by_model.loc[model]}
            for model in study.models
        ],
        "parameters": [
            {"name": name, "values": [values.get(name, "") for values in parameters]}
            for name in dict.fromkeys(name for values in parameters for name in values)
        ],
        "columns": [
            ("Parameter", "{name}"),
            *((model, f"{{values[{place}]}}") for place, model in enumerate(study.models)),
        ],
        "toml": to_toml(study.options),
    }


def _steps(parameters):
    """Return a model's steps; itself where it is no Pipeline."""
    steps = [step for _, step in _steps_by_name(parameters)] or [parameters]
    names = [s.get("class", "") if isinstance(s, dict) else s for s in steps]
    return " → ".join(str(name).rpartition(".")[2] for name in names) or "unknown"


def _steps_by_name(parameters):
    """Return the steps of a Pipeline with their names, and nothing of another model."""
    steps = parameters.get("steps") if isinstance(parameters, dict) else None
    pairs = steps if isinstance(steps, list) else []
    return [pair for pair in pairs if isinstance(pair, list) and len(pair) == 2]


def _flat(parameters, step=""):
    """Return parameters by step and name, those of a Pipeline's steps instead of its own."""
    steps = _steps_by_name(parameters)
    if steps or not isinstance(parameters, dict):
        parts = (_flat(each, f"{name}: ") for name, each in steps)
        return {name: value for part in parts for name, value in part.items()}
    kept = {name: value for name, value in parameters.items() if name != "class"}
    return {f"{step}{name}": json.dumps(value) for name, value in kept.items()}


def cohort(study):
    """Return who took part: counts, exclusions, and both groups at each site."""
    sites = study.cohort.get("sites", ())
    return {
        "labels": [_labels(study, site) for site in study.sites],
        "counts": [_exclusions(site) for site in sites if site["table"] is not None],
        "groups": [_group(site, group) for site in sites for group in site["groups"]],
        "left_out": [_left_out(scan) for scan in study.cohort.get("left_out") or ()],
    }


def _labels(study, site):
    predictions = study.comparison.predictions
    mine = predictions[predictions["site"] == site].drop_duplicates("subject")
    n, n_positive = len(mine), int((mine["y"] == study.comparison.pos_label).sum())
    return {"site": site, "n": n, "n_positive": n_positive, "n_other": n - n_positive}


def _exclusions(site):
    return site | {
        "samples": ", ".join(site["samples"]),
        "not_selected": site["table"] - site["selected"],
        "no_file": site["selected"] - site["files"],
        "twice": site["files"] - site["loaded"],
    }


def _left_out(scan):
    return scan | {"file": PurePath(scan["file"]).name}  # folders tell of somebody's machine


def _group(site, group):
    unknown = (None, None)
    return group | {
        "site": site["site"],
        "age": group["age"] or unknown,
        "motion": group["motion"] or unknown,
        "timepoints": " to ".join(map(str, sorted(set(site["timepoints"])))),
        "t_r": ", ".join(f"{t_r:g}" for t_r in site["t_r"]) or "unknown",
    }


def raised(study):
    """Return the warnings of the folds, each once, with how often it was raised."""
    found = {}
    for (model, site, *_), fold in study.results.items():
        # Without digits a warning is the same in all folds; twice in a fold counts once.
        for kind, message in {_without_digits(m): m for m in reversed(fold.warnings)}.items():
            found.setdefault((model, site, kind), []).append(message)
    return {
        "warnings": [
            {"model": model, "site": site, "n_folds": len(messages), "first": messages[0]}
            for (model, site, _), messages in found.items()
        ]
    }


def _without_digits(message):
    return "".join(character for character in message if not character.isdigit())


def versions(study):
    """Return the versions of packages, and which of them differ between folds."""
    found = {}
    for fold in study.results.values():
        for name, version in fold.versions.items():
            found.setdefault(name, {})[version] = None
    return {
        "packages": [{"name": name, "versions": ", ".join(each)} for name, each in found.items()],
        "mixed": [name for name, each in found.items() if len(each) > 1],
    }


def folds(study):
    """Return each fold's metrics, epochs, time and seed."""
    seeds = [str(fold.seed) for fold in study.results.values()]
    return {"folds": study.folds.assign(seed=seeds).to_dict("records")}


def cite(study):
    """Return what decides which works are to be cited."""
    decoding = study.decoding
    return {
        "has_terms": decoding is not None and decoding["term"].notna().any(),
        "version": next(iter(study.results.values())).versions.get("sklearn-lstmdg", ""),
    }
