"""Measure this package against its peers, interleaved, and write the table.

    python benchmarks/run.py                 # some minutes; wants a quiet machine
    python benchmarks/run.py --quick         # a minute; only shows that everything runs

Every measurement is a process of its own on one thread, one at a time (the quick form runs them
side by side). Rounds go through all candidates in turn; the table has medians and the spread
between quartiles. What is not installed is left out. The peers are in the extra ``[bench]``.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import connectivity
import folds
import hmm
import memory
import numpy as np
import parafac
import reading
import training

HERE = Path(__file__).parent
SCRIPTS = {
    "training": (training, "windows per second"),
    "reading": (reading, "windows per second"),
    "connectivity": (connectivity, "rows per second"),
    "parafac": (parafac, "sweeps per second"),
    "hmm": (hmm, "ROIs per second"),
    "folds": (folds, "folds per second"),
    "memory": (memory, "scans per second"),
}
PACKAGES = [
    "numpy",
    "scipy",
    "torch",
    "scikit-learn",
    "skorch",
    "tensorflow-cpu",
    "keras",
    "jax",
    "optax",
    "nilearn",
    "tensorly",
    "hmmlearn",
    "dask",
]


def measure(script, candidate, size):
    """Run one candidate in a process of its own; None where its package is missing."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, str(HERE / f"{script}.py"), candidate, size],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
    )
    if done.returncode == 3:
        return None
    if done.returncode:
        raise RuntimeError(f"{script} {candidate!r} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def run(names, size, n_rounds):
    """Yield all measurements by script and candidate after every round."""
    found = {(name, c): [] for name in names for c in SCRIPTS[name][0].CANDIDATES}
    with ThreadPoolExecutor(1 if size == "full" else os.cpu_count()) as pool:
        for number in range(n_rounds):
            answers = pool.map(lambda key: measure(*key, size), found)
            for (name, candidate), answer in zip(found, answers, strict=True):
                print(f"round {number + 1}/{n_rounds}: {name}, {candidate}", file=sys.stderr)
                found[name, candidate] += [answer] if answer is not None else []
            yield {key: measured for key, measured in found.items() if measured}


def rates(measured):
    """Return work per second of each round."""
    return np.array([m["work"] / m["seconds"] for m in measured])


def memory_note(measured):
    """Return what a script says of memory beyond the process's peak."""
    if "bound_mb" in measured[0]:
        over = max(m["over_import_mb"] for m in measured)
        return f"{over} MB over the import; bound {measured[0]['bound_mb']} MB"
    if "peak_by_tensor" in measured[0]:
        share = max(m["peak_by_tensor"] for m in measured)
        return f"allocations peak at {share:.2f} of the tensor"
    return ""


def rows_of(found, name):
    """Yield the table's rows of one script; ratios are to the first candidate of each group."""
    first = {}
    for (script, candidate), measured in found.items():
        if script != name:
            continue
        rate, group = rates(measured), candidate.partition(":")[0] if ":" in candidate else ""
        low, middle, high = np.percentile(rate, [25, 50, 75])
        ratio = middle / first.setdefault(group, middle)
        peak = max(m["peak_mb"] for m in measured)
        note = memory_note(measured)
        spread = f"{middle:.3g} ({low:.3g}-{high:.3g})"
        yield f"| {candidate} | {spread} | {ratio:.2f} | {peak} | {note} |"


def table(found):
    """Return the measurements as Markdown."""
    lines = []
    for name, (module, unit) in SCRIPTS.items():
        rows = list(rows_of(found, name))
        if rows:
            lines += ["", f"**{module.__doc__.partition(chr(10))[0]}**", ""]
            lines += [f"| | {unit} | ratio | peak MB | |", "| --- | --- | --- | --- | --- |", *rows]
    return "\n".join(lines) + "\n"


def matrix_peak():
    """Return this thread's matrix-multiply rate in GFLOP/s."""
    code = (
        "import time, torch; torch.set_num_threads(1); a = torch.randn(1024, 1024); a @ a\n"
        "def once():\n s = time.perf_counter(); a @ a; return time.perf_counter() - s\n"
        "print(2 * 1024**3 / min(once() for _ in range(20)) / 1e9)"
    )
    return float(subprocess.check_output([sys.executable, "-c", code], text=True))


def machine(size, n_rounds):
    """Describe what the figures were measured on."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    cpu = Path("/proc/cpuinfo")
    models = [
        line.partition(":")[2].strip()
        for line in (cpu.read_text().splitlines() if cpu.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "python": platform.python_version(),
        "versions": versions,
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "threads per measurement": 1,
        "matrix multiply, one thread, GFLOP/s": round(matrix_peak()),
        "size": size,
        "rounds": n_rounds,
        "load at start": os.getloadavg(),
    }


def main():
    """Parse arguments, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="toy sizes, one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=list(SCRIPTS))
    parser.add_argument("--out", default=str(HERE / "results" / "speed"))
    args = parser.parse_args()
    size, n_rounds = ("quick", 1) if args.quick else ("full", args.rounds)
    about = machine(size, n_rounds)
    for found in run(args.only, size, n_rounds):
        if not args.quick:
            write(Path(args.out), about, found)
    print(table(found))


def write(out, about, found):
    """Write the table as Markdown, and all measurements as JSON."""
    out.parent.mkdir(parents=True, exist_ok=True)
    described = "".join(f"- {key}: {value}\n" for key, value in about.items())
    text = f"# Speed and memory\n\n{described}{table(found)}"
    out.with_suffix(".md").write_text(text, encoding="utf-8")
    measured = {f"{name}: {candidate}": values for (name, candidate), values in found.items()}
    content = json.dumps({"machine": about, "measured": measured}, indent=1)
    out.with_suffix(".json").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
