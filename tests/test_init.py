"""The package's names: imported when they are used."""

import ast
import inspect
import json
import pkgutil
import subprocess
import sys

import pytest

import sklearn_lstmdg

HEAVY = {"torch", "skorch", "sklearn", "scipy", "pandas", "nilearn", "matplotlib", "jinja2"}


def _imported(code):
    """Return which of the heavy packages a fresh Python has imported after some code."""
    code = f"import json, sys\n{code}\nsys.stderr.write(json.dumps(list(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return HEAVY & set(json.loads(answer.stderr))


@pytest.mark.parametrize("options", [[], ["compare"], ["communities"], ["decode"], ["report"]])
def test_help_imports_nothing_heavy(options):
    line = [*options, "--help"]
    code = f"""
from sklearn_lstmdg.cli import main
try:
    main({line!r})
except SystemExit:
    pass"""
    assert _imported(code) == set()


def test_the_package_and_the_names_of_models_import_nothing_heavy():
    code = "import sklearn_lstmdg\nsklearn_lstmdg.models.model_names()"
    assert _imported(code) == set()


def test_the_classifier_imports_no_torch():
    code = "import sklearn_lstmdg\nsklearn_lstmdg.LSTMDGClassifier()"
    assert "torch" not in _imported(code)


def test_every_name_is_there_and_typed():
    for name in sklearn_lstmdg.__all__:
        assert name in dir(sklearn_lstmdg) or name == "__version__"
        assert getattr(sklearn_lstmdg, name) is not None
    block = next(
        node
        for node in ast.parse(inspect.getsource(sklearn_lstmdg)).body
        if isinstance(node, ast.If)
    )
    typed = {alias.name: line.module for line in block.body for alias in line.names}
    assert {*typed, "__version__"} == set(sklearn_lstmdg.__all__)
    for name, module in typed.items():
        assert getattr(getattr(sklearn_lstmdg, module), name) is getattr(sklearn_lstmdg, name)


def test_every_public_module_is_an_attribute():
    public = [m.name for m in pkgutil.iter_modules(sklearn_lstmdg.__path__) if m.name[0] != "_"]
    assert set(public) <= set(dir(sklearn_lstmdg))
    assert set(public) <= {n for n in public if hasattr(sklearn_lstmdg, n)}
    with pytest.raises(AttributeError, match="'sklearn_lstmdg' has no attribute 'nothing'"):
        sklearn_lstmdg.nothing  # noqa: B018
