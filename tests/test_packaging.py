"""What several files say of the package is the same, and importing it costs next to nothing."""

import re
import runpy
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import sklearn_lstmdg

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
VERSION = sklearn_lstmdg.__version__
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def recipe():
    return yaml.safe_load((ROOT / "conda-recipe" / "recipe.yaml").read_text(encoding="utf-8"))


def conda_form(requirement):
    """Return a requirement as conda writes it."""
    name = CONDA_NAMES.get(requirement.name, requirement.name)
    return f"{name} {requirement.specifier}"


def test_one_version_everywhere(recipe):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(\d[\d.]*)\] - (\d{4}-\d\d-\d\d)$", changelog, re.MULTILINE)
    switcher = yaml.safe_load((ROOT / "docs" / "switcher.json").read_text(encoding="utf-8"))
    assert citation["version"] == sklearn_lstmdg.__version__ == newest[1]
    assert str(citation["date-released"]) == newest[2]
    assert recipe["context"]["version"] == sklearn_lstmdg.__version__
    assert sklearn_lstmdg.__version__ in [entry["version"] for entry in switcher]


def test_condas_recipe_asks_for_what_the_package_asks_for(project, recipe):
    wanted = [Requirement(text) for text in project["dependencies"]]
    run = recipe["requirements"]["run"]
    given = {entry for entry in run if isinstance(entry, str)} - {"python"}
    given |= {entry["then"] for entry in run if isinstance(entry, dict)}
    assert given == {conda_form(requirement) for requirement in wanted}


def test_condas_recipe_bounds_the_extras_alike(project, recipe):
    texts = chain.from_iterable(project["optional-dependencies"].values())
    known = {conda_form(Requirement(text)) for text in texts}
    assert set(recipe["requirements"]["run_constraints"]) <= known
    assert recipe["build"]["python"]["entry_points"] == [
        f"{name} = {target}" for name, target in project["scripts"].items()
    ]


def test_pythons_are_stated_alike(project):
    listed = [c.rpartition(" :: ")[2] for c in project["classifiers"] if "Python :: 3." in c]
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    assert tuple(listed) == PYTHONS
    assert project["requires-python"] == f">={PYTHONS[0]}"
    assert str(list(PYTHONS)).replace("'", '"') in workflow


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_has_one_pin_of_each_package_and_none_below_the_bound(project, python):
    pins = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            if pin.marker is None or pin.marker.evaluate({"python_version": python}):
                pins.setdefault(pin.name, []).append(pin)
    assert {name: len(found) for name, found in pins.items() if len(found) > 1} == {}
    extras = chain.from_iterable(project["optional-dependencies"].values())
    for wanted in map(Requirement, [*project["dependencies"], *extras]):
        for pin in pins.get(wanted.name, []):
            (specifier,) = pin.specifier
            assert Version(specifier.version) in wanted.specifier, pin


@pytest.mark.parametrize("module", ["sklearn_lstmdg", "sklearn_lstmdg --help"])
def test_import_and_help_read_nothing_but_python_s_own_library(module):
    """All that costs more than a tenth of a second comes from elsewhere."""
    name, *options = module.split()
    code = f"""
import runpy, sys
sys.argv = ["lstmdg", *{options!r}]
before = set(sys.modules)
try:
    runpy.run_module({name!r}, run_name="__main__") if {bool(options)} else __import__({name!r})
except SystemExit:
    pass
read = {{module.partition(".")[0] for module in set(sys.modules) - before}}
print(*sorted(read - sys.stdlib_module_names))"""
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "sklearn_lstmdg"


@pytest.fixture
def long_description(monkeypatch):
    """What PyPI shows."""
    setuptools = pytest.importorskip("setuptools")
    given = {}
    monkeypatch.setattr(setuptools, "setup", given.update)
    runpy.run_path(str(ROOT / "setup.py"))
    return given["long_description"]


def test_pypi_is_given_addresses_in_place_of_the_readme_s_paths(project, long_description):
    readme = (ROOT / "README.rst").read_text(encoding="utf-8")
    pattern = r"(?:\.\. image:: |\s<)([^\s<>]+)(?:>`_|$)"
    before, after = (re.findall(pattern, t, re.MULTILINE) for t in (readme, long_description))
    assert len(before) == len(after) > 10 and all(a.startswith("https://") for a in after)
    pages = f"{project['urls']['Documentation']}{VERSION}/"
    source = f"{project['urls']['Source']}/blob/v{VERSION}/"
    images = source.replace("github.com", "raw.githubusercontent.com").replace("/blob", "")
    for path, address in zip(before, after, strict=True):
        if path.startswith("https:"):
            assert address == path
        elif path.endswith(".rst"):
            assert address == f"{pages}{path[5:-4]}.html" and (ROOT / path).is_file()
        else:
            start = images if path.endswith(".png") else source
            assert address == f"{start}{path}" and (ROOT / path).is_file()
