"""What was done, with numbers, as a paragraph for a paper."""

import re

from ..evaluation import confidence_intervals, intervals_over_sites
from ..models import describe_model
from ._templates import environment

_CONFOUNDS = "regression on motion, age and the like alone, without scans"
_ATLASES = {
    **{"ho": "Harvard-Oxford", "aal": "AAL", "cc200": "Craddock 200", "cc400": "Craddock 400"},
    **{"ez": "Eickhoff-Zilles", "tt": "Talairach-Tournoux", "dosenbach160": "Dosenbach 160"},
}
_PIPELINES = {"cpac": "C-PAC", "ccs": "CCS", "dparsf": "DPARSF", "niak": "NIAK"}
_CITED = {
    "abide": "A. Di Martino et al. The autism brain imaging data exchange: towards a large-scale "
    "evaluation of the intrinsic brain architecture in autism. Molecular Psychiatry 19, 659-667, "
    "2014.",
    "pcp": "C. Craddock et al. The Neuro Bureau Preprocessing Initiative: open sharing of "
    "preprocessed neuroimaging data and derivatives. Frontiers in Neuroinformatics, 2013.",
    "lstmdg": "N. C. Dvornek, X. Li, J. Zhuang, J. S. Duncan. Jointly Discriminative and "
    "Generative Recurrent Neural Networks for Learning from fMRI. MLMI, 2019. arXiv:1910.06950.",
    "sklearn": "F. Pedregosa et al. Scikit-learn: Machine Learning in Python. Journal of Machine "
    "Learning Research 12, 2825-2830, 2011.",
    "wilson": "E. B. Wilson. Probable inference, the law of succession, and statistical inference. "
    "Journal of the American Statistical Association 22, 209-212, 1927.",
    "newcombe": "R. G. Newcombe. Interval estimation for the difference between independent "
    "proportions. Statistics in Medicine 17, 873-890, 1998.",
    "delong": "E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson. Comparing the areas under two or "
    "more correlated receiver operating characteristic curves. Biometrics 44, 837-845, 1988.",
    "kish": "L. Kish. Survey Sampling. Wiley, 1965.",
    "obuchowski": "N. A. Obuchowski. Nonparametric analysis of clustered ROC curve data. "
    "Biometrics 53, 567-578, 1997.",
    "nadeau": "C. Nadeau, Y. Bengio. Inference for the generalization error. Machine Learning 52, "
    "239-281, 2003.",
    "holm": "S. Holm. A simple sequentially rejective multiple test procedure. Scandinavian "
    "Journal of Statistics 6, 65-70, 1979.",
}


def methods(study):
    """Return the paragraph, with the works that it cites."""
    facts = {
        "groups": _groups(study),
        "windows": windows_of(study),
        "models": [(model, about(study, model)) for model in study.models],
        **scans_of(study.options),
        "estimates": _estimates(study),
        "metric": study.comparison.kind.words(study.comparison.kind.main),
        "n_permuted": len(study.permuted) if study.kind == "two classes" else 0,
    }
    packages = next(iter(study.results.values())).versions
    text = environment().get_template("methods.txt")
    text = text.render(study=study, packages=packages, works=_CITED, **facts)
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    return {"text": [part for part in paragraphs if part]}


def _groups(study):
    """Count the subjects of each group over all sites."""
    counts = {}
    for site in study.cohort.get("sites") or ():
        for group in site["groups"]:
            counts[group["name"]] = counts.get(group["name"], 0) + group["n"]
    return [{"name": name, "n": n} for name, n in counts.items()]


def windows_of(study):
    """Return length and step of each kind of windows that models cut scans into."""
    models = [study.settings.get("models", {}).get(model) for model in study.models]
    found = {_of_augmenter(parameters) for parameters in models} - {None}
    return [
        {"length": length, "step": step, "words": _words_of(length, step)}
        for length, step in sorted(found)
    ]


def _words_of(length, step):
    every = "time point" if step == 1 else f"{step} time points"
    return f"{length} time points, a new one every {every}"


def about(study, model):
    """Tell in words what a model is that the package has made, or is judged beside it."""
    steps = str(study.settings.get("models", {}).get(model))
    if model != "confounds":
        return describe_model(model) if "ScanCleaner" in steps else ""
    columns = study.options.get("confounds") or ()
    return f"regression on {', '.join(columns)} alone, without scans" if columns else _CONFOUNDS


def scans_of(options):
    """Return the atlas and the pipeline of ABIDE's scans by the names that they have."""
    atlas, pipeline = (options.get(name) for name in ("atlas", "pipeline"))
    return {"atlas": _ATLASES.get(atlas, atlas), "pipeline": _PIPELINES.get(pipeline, pipeline)}


def _of_augmenter(parameters):
    """Return length and step of the augmenter of a model's description, None without one."""
    text = re.sub(r"\s", "", str(parameters))
    if "SubsequenceAugmenter" not in text:
        return None
    part = text[text.index("SubsequenceAugmenter") :]
    length, step = (re.search(rf"'{name}':(\d+)", part) for name in ("length", "step"))
    return (int(length[1]), int(step[1])) if length and step else None


def _estimates(study):
    """Return each model's main metric over all subjects, with its interval."""
    predictions, label = study.comparison.predictions, study.comparison.pos_label
    if study.n_sites > 1:
        table = intervals_over_sites(predictions, pos_label=label)
    else:
        table = confidence_intervals(predictions, pos_label=label)
    rows = table[table["metric"] == study.comparison.kind.main]
    names = ["model", "pooled", "low", "high"]
    return rows.drop_duplicates("model")[names].dropna().to_dict("records")
