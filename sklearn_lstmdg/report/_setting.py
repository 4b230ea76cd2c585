"""Sections on what was run: models, cohort, warnings, versions, folds, citations."""

import json
from itertools import pairwise

from ._html import details, notes, number, paragraph, table, text
from ._study import LEAVE_ONE_SITE_OUT
from ._toml import to_toml

__all__ = ["citations", "cohort", "every_fold", "raised", "run", "versions"]

_PAPER = (
    "N. C. Dvornek, X. Li, J. Zhuang, J. S. Duncan. Jointly Discriminative and Generative "
    "Recurrent Neural Networks for Learning from fMRI. Machine Learning in Medical Imaging (MLMI), "
    "held with MICCAI 2019. arXiv:1910.06950."
)
_ABIDE = (
    "A. Di Martino et al. The autism brain imaging data exchange: towards a large-scale evaluation "
    "of the intrinsic brain architecture in autism. Molecular Psychiatry 19, 659-667, 2014.",
    "C. Craddock et al. The Neuro Bureau Preprocessing Initiative: open sharing of preprocessed "
    "neuroimaging data and derivatives. Neuroinformatics 2013.",
)
_YARKONI = (
    "T. Yarkoni et al. Large-scale automated synthesis of human functional neuroimaging data. "
    "Nature Methods 8, 665-670, 2011 (decoding of terms)."
)
_TESTS = (
    "C. Nadeau, Y. Bengio. Inference for the generalization error. Machine Learning 52, 239-281, "
    "2003 (corrected resampled t-test)."
)
_BIBTEX = """\
@inproceedings{dvornek2019jointly,
  author    = {Dvornek, Nicha C. and Li, Xiaoxiao and Zhuang, Juntang and Duncan, James S.},
  title     = {Jointly Discriminative and Generative Recurrent Neural Networks for Learning
               from {fMRI}},
  booktitle = {Machine Learning in Medical Imaging (MLMI 2019)},
  year      = {2019},
  note      = {arXiv:1910.06950}
}"""


def run(study):
    """Return what was run: numbers at a glance, scans, protocol and models."""
    settings = study.settings
    tiles = {
        "Models": len(study.models),
        "Subjects": study.n_subjects,
        "Sites": len(study.sites),
        "Folds finished": f"{len(study.folds)} of {study.n_planned}",
        "Seed": settings.get("seed", "unknown"),
    }
    content = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in tiles.items()
    )
    facts = notes([_scans(study), _windows(study), _protocol(settings)])
    rows = [_model_row(study, name) for name in study.models]
    models = table("Models", ["Model", "Steps", "Folds", "Training time"], rows)
    return f'<dl class="tiles">{content}</dl>{facts}{models}{_parameters(study)}'


def _scans(study):
    options = study.options
    if study.is_simulated:
        return "Scans: simulated by the package, two groups that differ in how communities couple."
    if not options.get("data_dir"):
        return "Scans: as they were given to compare_models."
    steps = {
        "band_pass_filtering": "band-pass filtered (0.01 to 0.1 Hz)",
        "global_signal_regression": "global signal regressed",
    }
    done = [words if options.get(name) else f"not {words}" for name, words in steps.items()]
    checked = "quality-checked subjects only" if options.get("quality_checked") else "all subjects"
    return (
        f"Scans: ABIDE I, Preprocessed Connectomes Project, pipeline {options.get('pipeline')}, "
        f"atlas {options.get('atlas')}, {', '.join(done)}; {checked}."
    )


def _windows(study):
    options = study.options
    if "length" not in options:
        return "Windows: see the models' parameters."
    mean = "" if options.get("regress_global_mean") else "not "
    return (
        f"Windows: {options['length']} time points, a new one every {options['step']}; the mean "
        f"over ROIs was {mean}regressed from each scan."
    )


def _protocol(settings):
    if not settings:
        return "Cross-validation: unknown, the folder has no settings.json."
    repeats = settings["n_repeats"]
    often = f", {repeats} times with new partitions" if repeats > 1 else ""
    scheme = settings.get("scheme")
    if scheme == LEAVE_ONE_SITE_OUT:
        how = "each site is tested by models of all other sites"
    else:
        where = "over the subjects of all sites" if scheme == "pooled" else "within each site"
        how = f"{settings['n_folds']} folds {where}"
    return (
        f"Cross-validation: {how}{often}; a subject's scan "
        "is trained on, used for validation, or tested, never two of these."
    )


def _model_row(study, name):
    folds = study.folds[study.folds["model"] == name]
    seconds = folds["seconds"].sum()
    steps = _steps(study.settings.get("models", {}).get(name, {}))
    return [name, steps, number(len(folds), "{:.0f}"), (_duration(seconds), float(seconds))]


def _steps(parameters):
    steps = [step for _, step in parameters.get("steps", ())] or [parameters]
    names = [s.get("class", "") if isinstance(s, dict) else str(s) for s in steps]
    return " → ".join(name.rpartition(".")[2] for name in names) or "unknown"


def _duration(seconds):
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _parameters(study):
    parts = ""
    if study.settings.get("models"):
        parts += details("All parameters of all models", _parameter_table(study))
    if "models" in study.options:
        content = to_toml(study.options)
        hint = paragraph("Save it as study.toml, and run: lstmdg compare --config study.toml")
        parts += details("The study as one file", f"{hint}<pre>{text(content)}</pre>")
    return parts


def _parameter_table(study):
    """Return one row per step and parameter, one column per model."""
    models = {name: _flat(study.settings["models"].get(name, {})) for name in study.models}
    names = dict.fromkeys(name for values in models.values() for name in values)
    rows = [[name, *(values.get(name, "") for values in models.values())] for name in names]
    return table("Parameters", ["Parameter", *models], rows)


def _flat(parameters, step=""):
    """Return parameters by step and name, those of a Pipeline's steps instead of its own."""
    if "steps" in parameters:
        parts = (_flat(p, f"{name}: ") for name, p in parameters["steps"] if isinstance(p, dict))
        return {name: value for part in parts for name, value in part.items()}
    kept = {name: value for name, value in parameters.items() if name != "class"}
    return {f"{step}{name}": json.dumps(value) for name, value in kept.items()}


def cohort(study):
    """Return who took part: counts, exclusions, and both groups at each site."""
    sites = study.cohort.get("sites")
    if not sites:
        rows = [_labels_row(study, site) for site in study.sites]
        known = table("Subjects", ["Site", "Subjects", "Positive", "Other"], rows)
        hint = "Exclusions, age, sex and head motion are not known: there is no cohort.json here."
        return known + paragraph(hint, "soft")
    return _counts(sites) + _groups(sites)


def _labels_row(study, site):
    predictions = study.comparison.predictions
    mine = predictions[predictions["site"] == site].drop_duplicates("subject")
    positive = int((mine["y"] == study.comparison.pos_label).sum())
    counts = (len(mine), positive, len(mine) - positive)
    return [site, *(number(count, "{:.0f}") for count in counts)]


def _counts(sites):
    if all(site["table"] is None for site in sites):
        return paragraph("No subject was left out: the scans were simulated.")
    headings = ["Site", "Samples", "In the table", "Selected", "With a file", "Compared"]
    headings += ["Left out: by selection", "Left out: no file", "Left out: series twice"]
    rows = []
    for site in sites:
        steps = [site[name] for name in ("table", "selected", "files", "loaded")]
        left = [a - b for a, b in pairwise(steps)]
        samples = ", ".join(site["samples"])
        rows.append([site["site"], samples, *(number(n, "{:.0f}") for n in [*steps, *left])])
    return table("Subjects, and who was left out", headings, rows)


def _groups(sites):
    headings = ["Site", "Group", "Subjects", "Male", "Age (years)", "Mean head motion (mm)"]
    headings += ["Time points", "TR (s)"]
    rows = [
        [
            site["site"],
            group["name"],
            number(group["n"], "{:.0f}"),
            number(group["n_male"], "{:.0f}"),
            _spread(group["age"], "{:.1f} ({:.1f})"),
            _spread(group["motion"], "{:.3f} ({:.3f})"),
            _range(site["timepoints"]),
            ", ".join(f"{t_r:g}" for t_r in site["t_r"]) or "unknown",
        ]
        for site in sites
        for group in site["groups"]
    ]
    remark = (
        "Mean (standard deviation). Head motion: framewise displacement. Where it differs between "
        "the groups, a classifier may have learnt motion."
    )
    return table("Groups", headings, rows) + paragraph(remark, "soft")


def _spread(values, form):
    return number(None) if values is None else (form.format(*values[:2]), values[0])


def _range(ends):
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def raised(study):
    """Return the warnings of the folds, each once, with how often it was raised."""
    found = {}
    for (model, site, *_), fold in study.results.items():
        # Without digits a warning is the same in all folds; twice in a fold counts once.
        for kind, message in {_without_digits(m): m for m in reversed(fold.warnings)}.items():
            found.setdefault((model, site, kind), []).append(message)
    rows = [
        [model, site, number(len(messages), "{:.0f}"), messages[0]]
        for (model, site, _), messages in found.items()
    ]
    if not rows:
        return paragraph("No fold raised a warning.")
    return table("Warnings of the folds", ["Model", "Site", "Folds", "The first of them"], rows)


def _without_digits(message):
    return "".join(character for character in message if not character.isdigit())


def versions(study):
    """Return versions of packages, and what the seed decides."""
    found = {}
    for fold in study.results.values():
        for name, version in fold.versions.items():
            found.setdefault(name, {})[version] = None
    rows = [[name, ", ".join(each)] for name, each in found.items()]
    mixed = [name for name, each in found.items() if len(each) > 1]
    seed = study.settings.get("seed", "unknown")
    alert = ""
    if mixed:
        alert = paragraph(
            f"Folds were trained with several versions of {', '.join(mixed)}.", "alert"
        )
    remark = (
        f"Seed {seed} decides all results: partitions, and the seed of each fold, which depends on "
        "model, site, repeat and fold alone and is listed below. The same seed gives the same bits "
        "on the same versions, however many folds run side by side."
    )
    return alert + table("Versions", ["Package", "Version"], rows) + paragraph(remark)


def every_fold(study):
    """Return each fold's metrics, epochs, time and seed."""
    headings = ["Model", "Site", "Repeat", "Fold", "Trained", "Validated", "Tested", "Accuracy"]
    headings += ["TPR", "TNR", "AUC", "Epochs", "Best epoch", "Seconds", "Seed"]
    counts = ("repeat", "fold", "n_train", "n_validation", "n_test")
    rows = []
    for row in study.folds.to_dict("records"):
        key = tuple(row[name] for name in ("model", "site", "repeat", "fold"))
        cells = [number(row[name], "{:.0f}") for name in counts]
        cells += [number(row[name]) for name in ("acc", "tpr", "tnr", "auc")]
        cells += [number(row[name], "{:.0f}") for name in ("n_iter", "best_epoch")]
        seed = str(study.results[key].seed)
        rows.append([*key[:2], *cells, number(row["seconds"], "{:.1f}"), seed])
    return details(f"{len(rows)} folds", table("Every fold", headings, rows))


def citations(study):
    """Return what to cite for the method, the data and the statistics."""
    works = [_PAPER, _TESTS]
    if study.options.get("data_dir"):
        works[1:1] = _ABIDE
    if study.decoding is not None and study.decoding["term"].notna().any():
        works.append(_YARKONI)
    package = study.results[next(iter(study.results))].versions.get("sklearn-lstmdg", "")
    software = f"The package itself: sklearn_lstmdg {package}, BSD-3-Clause; see its CITATION.cff."
    return notes([*works, software]) + details("BibTeX", f"<pre>{text(_BIBTEX)}</pre>")
