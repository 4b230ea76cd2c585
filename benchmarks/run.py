"""Measure this package against its peers, interleaved, and write the table.

    python benchmarks/run.py                 # an hour or two; wants a quiet machine
    python benchmarks/run.py --quick         # some minutes; only shows that everything runs

Every measurement is a process of its own on one thread, one at a time (the quick form runs them
side by side); folds of a comparison may be two. Rounds go through all candidates in turn, those
that take minutes in the last one alone; the table has medians and the spread between quartiles.
What is not installed is left out. The peers are in the extra ``[bench]``. ``--only`` measures some
scripts, and keeps what was measured of the others on such a machine with the same versions.
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

import comparison
import connectivity
import folds
import hmm
import memory
import numpy as np
import parafac
import products
import reading
import training
from _measure import environment, is_on_avx2

HERE = Path(__file__).parent
SCRIPTS = {
    "products": (products, "GFLOP per second"),
    "training": (training, "windows per second"),
    "reading": (reading, "windows per second"),
    "connectivity": (connectivity, "rows per second"),
    "parafac": (parafac, "sweeps per second"),
    "hmm": (hmm, "ROIs per second"),
    "folds": (folds, "folds per second"),
    "memory": (memory, "scans per second"),
    "comparison": (comparison, "comparisons per hour"),
}
LONG = {"folds", "memory", "comparison"}
VECTOR_BITS = {"avx512": 512, "avx2": 256, "plain": 128}
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
    done = subprocess.run(
        [sys.executable, str(HERE / f"{script}.py"), candidate, size],
        env={**os.environ, **environment(candidate)},
        capture_output=True,
        text=True,
    )
    if done.returncode == 3:
        return None
    if done.returncode:
        raise RuntimeError(f"{script} {candidate!r} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def candidates_of(names, path):
    """Return scripts and candidates; those on narrower vectors where there are wider ones."""
    return [
        (name, candidate)
        for name in names
        for candidate in SCRIPTS[name][0].CANDIDATES
        if path == "avx512" or not is_on_avx2(candidate)
    ]


def run(keys, size, n_rounds):
    """Yield all measurements by script and candidate, after each one."""
    found = {key: [] for key in keys}
    with ThreadPoolExecutor(1 if size == "full" else os.cpu_count()) as pool:
        for number in range(n_rounds):
            now = [key for key in keys if number == n_rounds - 1 or key[0] not in LONG]
            answers = pool.map(lambda key: measure(*key, size), now)
            for key, answer in zip(now, answers, strict=True):
                print(f"round {number + 1}/{n_rounds}: {', '.join(key)}", file=sys.stderr)
                found[key] += [answer] if answer is not None else []
                yield {key: measured for key, measured in found.items() if measured}


def rates(measured):
    """Return work per second of each round."""
    return np.array([m["work"] / m["seconds"] for m in measured])


def best_product(found, on_avx2):
    """Return the rate of the fastest matrix product, or None."""
    rows = [
        np.median(rates(measured))
        for (name, candidate), measured in found.items()
        if name == "products" and is_on_avx2(candidate) == on_avx2
    ]
    return max(rows, default=None)


def note(measured, best):
    """Return what a script says beside its rate and the process's peak of memory."""
    if "bound_mb" in measured[0]:
        over = max(m["over_import_mb"] for m in measured)
        return f"{over} MB over the import; bound {measured[0]['bound_mb']} MB"
    if "peak_by_tensor" in measured[0]:
        share = max(m["peak_by_tensor"] for m in measured)
        return f"allocations peak at {share:.2f} of the tensor"
    if "gflop" in measured[0]:
        rate = np.median(rates(measured)) * measured[0]["gflop"]
        share = "" if best is None else f", {rate / best:.2f} of the fastest product"
        return f"{rate:.0f} GFLOP/s{share}"
    return measured[-1].get("note", "")


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
        said = note(measured, best_product(found, is_on_avx2(candidate)))
        spread = f"{middle:.3g} ({low:.3g}-{high:.3g})"
        yield f"| {candidate} | {spread} | {ratio:.2f} | {peak} | {said} |"


def table(found):
    """Return the measurements as Markdown."""
    lines = []
    for name, (module, unit) in SCRIPTS.items():
        rows = list(rows_of(found, name))
        if rows:
            lines += ["", f"**{module.__doc__.partition(chr(10))[0]}**", ""]
            lines += [f"| | {unit} | ratio | peak MB | |", "| --- | --- | --- | --- | --- |", *rows]
    return "\n".join(lines) + "\n"


def vectors():
    """Return the compiled path that runs here, or none, and torch's; torch stays out of here."""
    code = (
        "import torch; from sklearn_lstmdg.network import compiled_available, processor_path\n"
        "print(processor_path() if compiled_available() else 'none')\n"
        "print(torch.backends.cpu.get_cpu_capability())"
    )
    return subprocess.check_output([sys.executable, "-c", code], text=True).split()


def machine(size, n_rounds, path, torchs):
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
        "vectors": f"{VECTOR_BITS.get(path, 'no')} bits (path {path}); torch: {torchs}",
        "cores": os.cpu_count(),
        "threads per measurement": 1,
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
    (path, torchs), out = vectors(), Path(args.out)
    about = machine(size, n_rounds, path, torchs)
    kept = {} if args.quick else keep(out, about, args.only)
    for found in run(candidates_of(args.only, path), size, n_rounds):
        found = kept | found
        if not args.quick:
            write(out, about, found)
    print(table(found))


def keep(out, about, names):
    """Return what an earlier run on the same machine measured, but for these scripts."""
    path = out.with_suffix(".json")
    earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"machine": {}}
    if any(earlier["machine"].get(k) != about[k] for k in ("versions", "processor", "vectors")):
        return {}
    found = {tuple(key.split(": ", 1)): values for key, values in earlier["measured"].items()}
    others = [name for name in SCRIPTS if name not in names]
    return {key: v for key, v in found.items() if key in candidates_of(others, "avx512")}


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
