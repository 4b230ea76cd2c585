"""Which small faults the tests do not notice: a mutation run, where a wrong sign would be silent.

One operator, number, branch or loop at a time is changed in a copy of the tree, and the tests of
its room run. The score is the share of mutants that fail them; those that survive are printed. All
of it takes nights; a part, from the root, with the extra ``mutate``::

    python benchmarks/mutation.py scans/_windows.py
    python benchmarks/mutation.py "network/*.py" --most 40 --seed 1
"""

import argparse
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db

ROOT = Path(__file__).parents[1]
PARTS = [
    *("network/*.py", "scans/_windows.py", "scans/_splits.py", "scans/_votes.py"),
    *("evaluation/_folds.py", "evaluation/_statistics.py", "evaluation/_paired_tests.py"),
]
# A room's tests, those that fail soonest first, and the doctests of the module itself.
TESTS = {
    "network": ["tests/network"],
    "scans": ["tests/scans", "tests/test_augmentation.py", "tests/network/test_window_table.py"],
    "evaluation": [
        *("tests/evaluation/test_statistics.py", "tests/evaluation/test_paired_tests.py"),
        *("tests/evaluation/test_paired_metrics.py", "tests/evaluation/test_all_sites.py"),
        *("tests/evaluation/test_confidence_intervals.py", "tests/evaluation/test_draws.py"),
        *("tests/evaluation/test_folds.py", "tests/evaluation/test_protocol.py"),
    ],
}


def main():
    """Mutate the parts that are asked for, and print the score of each module and of all."""
    options = read_options()
    with tempfile.TemporaryDirectory() as folder:
        enter_copy(Path(folder) / "tree")
        package = Path("sklearn_lstmdg")
        modules = sorted({path for part in options.parts for path in package.glob(part)})
        scores = [mutate(module, options.most, options.seed) for module in modules]
    killed, tried = map(sum, zip(*scores, strict=True))
    report("all", killed, tried)


def read_options():
    """Read which parts are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=PARTS, help="modules, as patterns")
    parser.add_argument("--most", type=int, help="most mutants of a module, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def enter_copy(tree):
    """Work on a copy, compiled code included, that comes before an editable installation."""
    names = ("sklearn_lstmdg", "tests", "docs", "pyproject.toml")
    for name in names:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        tree.mkdir(exist_ok=True)
        copy(ROOT / name, tree / name)
    for cache in tree.rglob("__pycache__"):  # or a stale one hides a mutant
        shutil.rmtree(cache)
    os.chdir(tree)
    os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}


def mutate(module, most, seed):
    """Return how many mutants of a module fail its tests, and how many were tried."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += [*TESTS[module.parent.name], str(module)]
    begin = time.perf_counter()
    whole = subprocess.run(command, capture_output=True, text=True)
    if whole.returncode:
        raise SystemExit(f"Tests fail without a mutant:\n{whole.stdout}")
    limit = 60 + 3 * (time.perf_counter() - begin)
    mutants = mutants_of(module)
    random.Random(seed).shuffle(mutants)
    survivors = []
    for mutant in mutants[:most]:
        result = mutate_and_test(mutant.mutations, shlex.join(command), limit)
        if not result.is_killed:
            survivors.append(result)
            print(result.diff, flush=True)
    tried = len(mutants[:most])
    return report(module, tried - len(survivors), tried)


def mutants_of(module):
    """Return all mutants of a module, in an order that does not change."""
    with use_db(":memory:", WorkDB.Mode.create) as database:
        init([module], database, {})
        return sorted(database.work_items, key=lambda item: str(item.mutations))


def report(name, killed, tried):
    """Print a score, and return what it is made of."""
    print(f"{name}: {killed} of {tried} mutants fail the tests ({killed / max(tried, 1):.0%})")
    return killed, tried


if __name__ == "__main__":
    main()
