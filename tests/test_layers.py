"""Imports go downwards only."""

import ast
from pathlib import Path

import sklearn_lstmdg

PACKAGE = Path(sklearn_lstmdg.__file__).parent

LAYERS = [
    {"cli", "report", "__main__"},
    {"decoding", "estimator_checks", "evaluation", "models", "plotting"},
    {
        "_model_files",
        "_net_trainer",
        "_reading",
        "_saved_classes",
        "_saved_nets",
        "_scan_nets",
        "_state_reader",
        "_state_writer",
        "augmentation",
        "baselines",
        "classifier",
        "communities",
        "datasets",
        "fcsvm",
        "hmm",
        "parafac",
        "persistence",
        "preprocessing",
        "presets",
        "transfer",
    },
    {
        "_autoencoder",
        "_connectivity",
        "_early_stopping",
        "_hmm",
        "_joint_step",
        "_mean_mlp",
        "_memberships",
        "_network",
        "_parafac",
        "_recurrence",
        "_rotation",
        "_signals",
        "_splits",
        "_statistics",
        "_training",
        "_whole_scans",
        "_window_tensor",
        "_windows",
    },
    {"_validation", "_extras", "_version"},
]


def modules():
    return [path for path in PACKAGE.rglob("*.py") if path.parent.name != "__pycache__"]


def name_of(path):
    """Return the module or sub-package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def layer(name):
    return next((i for i, names in enumerate(LAYERS) if name in names), None)


def imported(path):
    """Yield the package's own modules that a file imports."""
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            yield from [node.module.split(".")[0]] if node.module else [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sklearn_lstmdg."):
            yield node.module.split(".")[1]


def test_every_module_has_a_layer():
    names = {name_of(path) for path in modules()} - {"__init__"}
    assert names == set().union(*LAYERS)


def test_imports_go_downwards():
    for path in modules():
        if name_of(path) == "__init__":
            continue
        for target in imported(path):
            if layer(target) is not None:
                assert layer(target) >= layer(name_of(path)), f"{path.name} imports {target}"


def test_pure_layers_hold_no_scikit_learn_estimator():
    for path in modules():
        if layer(name_of(path)) in (3, 4):
            assert "(BaseEstimator" not in path.read_text(encoding="utf-8"), path.name


def test_lower_layers_import_no_extra_at_the_top():
    extras = {
        "dask",
        "distributed",
        "hmmlearn",
        "imblearn",
        "matplotlib",
        "nibabel",
        "nilearn",
        "pandas",
        "safetensors",
    }
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & extras, path.name
