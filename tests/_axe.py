"""Faults of a page by axe-core, in a headless browser."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

SERIOUS = ("serious", "critical")


@cache
def _script():
    spec = find_spec("axe_playwright_python")
    if spec is None:
        pytest.skip("no axe-core: pip install axe-playwright-python")
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def serious_faults(view):
    """Return what axe finds on a page: its rule, what is wrong, and the first element of each."""
    view.evaluate(_script())
    found = view.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {rule['nodes'][0]['html'][:200]}"
        for rule in found
        if rule["impact"] in SERIOUS
    ]
