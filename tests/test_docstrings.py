"""Every object of the API reference has a whole docstring, by numpydoc's own validation."""

import inspect
from functools import reduce
from pathlib import Path

import pytest
from numpydoc.hooks.validate_docstrings import parse_config
from numpydoc.validate import validate

ROOT = Path(__file__).parents[1]
# Of every function, as in pyproject.toml, and what only the public ones must have.
CHECKS = parse_config(ROOT)["checks"] | {"GL08", "PR01", "PR02", "RT01", "YD01"}


def documented():
    """Yield the dotted name of each object in the API reference."""
    module = "sklearn_lstmdg"
    for line in (ROOT / "docs" / "api.rst").read_text().splitlines():
        if line.startswith(".. currentmodule::"):
            module = line.split()[-1]
        elif line.startswith("   ") and line.strip().replace(".", "").replace("_", "").isalnum():
            yield f"{module}.{line.strip()}"


def find(name):
    package, *rest = name.split(".")
    return reduce(getattr, rest, __import__(package))


def own_methods(cls):
    """Return the public methods and properties that this package defines for a class."""
    for name, member in inspect.getmembers(cls):
        function = member.fget if isinstance(member, property) else inspect.unwrap(member)
        home = getattr(function, "__module__", None) or ""
        if home.startswith("sklearn_lstmdg") and not name.startswith("_"):
            yield name


def with_methods():
    for name in documented():
        yield name
        if inspect.isclass(find(name)):
            yield from (f"{name}.{method}" for method in own_methods(find(name)))


def test_the_reference_names_every_public_object():
    import sklearn_lstmdg

    rooms = ("models", "datasets", "evaluation", "explain", "plotting", "report", "persistence")
    rooms += ("decoding",)
    wanted = {f"sklearn_lstmdg.{name}" for name in sklearn_lstmdg.__all__ if name[0] != "_"}
    for room in rooms:
        names = getattr(sklearn_lstmdg, room).__all__
        wanted |= {f"sklearn_lstmdg.{room}.{name}" for name in names}
    assert wanted <= set(documented())


@pytest.mark.parametrize("name", list(with_methods()))
def test_docstring_is_whole(name):
    found = validate(name)
    checks = CHECKS | ({"EX01"} if found["type"] == "type" else set())
    assert [error for error in found["errors"] if error[0] in checks] == []


def _lacks(function):
    """Return what of a function's signature has no annotation."""
    signature = inspect.signature(function)
    named = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    lacking = [p.name for p in named if p.annotation is p.empty and p.kind is not p.VAR_KEYWORD]
    is_init = getattr(function, "__name__", "") == "__init__"
    return lacking + ["return"] * (signature.return_annotation is signature.empty and not is_init)


@pytest.mark.parametrize("name", list(documented()))
def test_summary_has_no_reference_whose_list_stands_elsewhere(name):
    assert "]_" not in inspect.getdoc(find(name)).split("\n\n")[0]


@pytest.mark.parametrize("name", list(with_methods()))
def test_signature_is_annotated(name):
    found = find(name)
    if isinstance(found, property):
        found = found.fget
    elif inspect.isclass(found):
        own = vars(found).get("__init__")
        found = own if own is not None and inspect.isfunction(own) else None
    assert found is None or not callable(found) or _lacks(inspect.unwrap(found)) == []
