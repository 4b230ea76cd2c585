import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_lstmdg
from sklearn_lstmdg._extras import attach, require

HEAVY = ("torch", "skorch", "sklearn", "scipy", "pandas", "nilearn", "matplotlib", "jinja2")


def test_importing_the_package_imports_nothing_heavy():
    code = f"import sklearn_lstmdg, sys; print(*[n for n in {HEAVY!r} if n in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


def test_importing_the_classifier_imports_no_torch():
    code = "import sys, sklearn_lstmdg as s; s.LSTMDGClassifier(); print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_public_names_and_rooms_are_found():
    for name in (*sklearn_lstmdg.__all__, *dir(sklearn_lstmdg)):
        assert getattr(sklearn_lstmdg, name) is not None
    with pytest.raises(AttributeError, match="'sklearn_lstmdg' has no attribute 'nothing'"):
        getattr(sklearn_lstmdg, "nothing")  # noqa: B009


def test_type_checkers_see_the_names_that_are_imported_late():
    tree = ast.parse(Path(sklearn_lstmdg.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name for node in block.body for alias in node.names}
    assert seen | {"__version__"} == set(sklearn_lstmdg.__all__)


def test_attached_names_come_from_their_modules():
    find, listed, names = attach("sklearn_lstmdg", {"._version": ["__version__"]})
    assert find("__version__") == sklearn_lstmdg.__version__
    assert listed() == names == ["__version__"]
    with pytest.raises(AttributeError, match="no attribute 'b'"):
        find("b")


def test_a_missing_package_names_its_extra():
    with pytest.raises(ImportError, match=r"no_such is needed.*sklearn-lstmdg\[neuro\]"):
        require("no_such.module", extra="neuro")
