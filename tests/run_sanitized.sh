#!/usr/bin/env bash
# The C code's tests under the address and undefined-behaviour sanitizers, on a copy that is built for them.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cc=${CC:-cc}
flags="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

asan=$($cc -print-file-name=libasan.so 2>/dev/null || true)
cxx=$($cc -print-file-name=libstdc++.so.6 2>/dev/null || true)
if ! [ -e "$asan" ] || ! $cc $flags -x c - -o "$work/probe" <<<"int main(void) { return 0; }" 2>/dev/null; then
  echo "skipped: $cc has no sanitizers that can be loaded into Python"
  exit 0
fi

mkdir "$work/source"
cp -r "$root"/{pyproject.toml,setup.py,README.rst,LICENSE,sklearn_lstmdg} "$work/source"
CC=$cc CFLAGS=$flags LDFLAGS=$flags python -m pip install -q --no-deps --no-cache-dir --target "$work/package" "$work/source"

cd "$work"                    # or the tree's own build is imported
export PYTHONPATH=$work/package
export PYTHONMALLOC=malloc    # or the sanitizer does not see Python's small objects
export ASAN_OPTIONS=detect_leaks=0 # Python itself frees little at its end
export UBSAN_OPTIONS=print_stacktrace=1
# libstdc++ too, for the sanitizer must find torch's exceptions when it starts.
export LD_PRELOAD="$asan $cxx"
python -c "from sklearn_lstmdg.network import compiled_available as c; assert c(), 'it was not compiled'"
# The sanitizer reports to the process's own standard error, which only this capture leaves alone.
python -m pytest -q --capture=sys -p no:cacheprovider -c "$root/pyproject.toml" \
  "$root/tests/network/test_compiled.py" "$@"
