"""What was run: models, cohort, warnings, versions, folds, citations."""

import json
import re
from pathlib import PurePath

from ._methods import about, scans_of, windows_of
from ._notices import constant_series
from ._performance_sections import WORDS
from ._subject_sections import MOST_ROWS
from ._toml import to_toml


def run(study):
    """Return the models, with their parameters, and the options as a file."""
    by_model = study.folds.groupby("model")["seconds"].agg(n_folds="size", seconds="sum")
    settings = study.settings.get("models", {})
    parameters = [_flat(settings.get(model, {})) for model in study.models]
    return {
        "models": [
            {
                "model": model,
                "about": about(study, model),
                "steps": _steps(settings.get(model, {})),
                **by_model.loc[model],
            }
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
        "windows": windows_of(study),
        **scans_of(study.options),
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
    """Return who took part: counts, exclusions, and both groups at each site, the largest first."""
    sites = study.cohort.get("sites", ())
    sites = sorted(sites, key=lambda site: -sum(group["n"] for group in site["groups"]))
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
        "target": site.get("target"),
        "age": group["age"] or unknown,
        "motion": group["motion"] or unknown,
        "timepoints": " to ".join(map(str, sorted(set(site["timepoints"])))),
        "t_r": ", ".join(f"{t_r:g}" for t_r in site["t_r"]) or "unknown",
    }


def raised(study):
    """Return the warnings of the folds, each once, with the models and folds that raised it."""
    found = {}
    for (model, *_), fold in study.results.items():
        for kind, message in {_kind_of(m): m for m in fold.warnings}.items():
            models, messages = found.setdefault(kind, ({}, []))
            models[model] = None
            messages.append(message)
    return {
        "constant": constant_series(study),
        "warnings": [
            {"what": _without_place(messages[0]), "models": ", ".join(models), "n": len(messages)}
            for models, messages in found.values()
        ],
    }


def _without_place(message):
    """Leave out which row of a fold's own rows was the first: the series have names above."""
    return re.sub(r"^UserWarning: | \(first: [^)]*\)", "", message)


def _kind_of(message):
    """Return what is the same of a warning in all folds: all but numbers and where."""
    return re.sub(r"\d", "", _without_place(message))


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
    records = study.folds.assign(seed=seeds).to_dict("records")
    columns = [(words, f"{{{name}:.3f}}") for name, words in WORDS.items() if name in study.folds]
    return {"folds": records, "most": MOST_ROWS, "columns": columns}


def cite(study):
    """Return what decides which works are to be cited."""
    decoding = study.decoding
    return {
        "has_terms": decoding is not None and decoding["term"].notna().any(),
        "version": next(iter(study.results.values())).versions.get("sklearn-lstmdg", ""),
    }
