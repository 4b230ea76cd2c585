"""The tree of the package, and that of its tests, which mirrors it."""

from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "sklearn_lstmdg"
_NOTHING_TO_TEST = {"__init__.py", "__main__.py", "_typing.py", "_version.py"}
MODULES = [path for path in PACKAGE.rglob("*.py") if path.name not in _NOTHING_TO_TEST]


def test_each_module_has_its_file_of_tests():
    tests = Path(__file__).parent
    wanted = [
        tests / path.relative_to(PACKAGE).with_name(f"test_{path.name.lstrip('_')}")
        for path in MODULES
    ]
    assert not [str(path.relative_to(tests)) for path in wanted if not path.is_file()]


def test_no_name_of_a_file_is_there_twice():
    counts = Counter(path.name for path in MODULES)
    assert not [name for name, n in counts.items() if n > 1]
