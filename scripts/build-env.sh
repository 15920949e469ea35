#!/usr/bin/env bash
# Builds the virtual environment from the hashed lock files.
#
# uv installs a hundred packages in seconds where pip takes half a minute, so it comes first, itself from its hashed
# lines. Where its wheel does not fit the machine, pip does the same work from the same lock file.
set -euo pipefail
python=$1 venv=$2 stamp=$3

"$python" - <<'PY' || { echo "make env: needs Python 3.11 or newer; choose one with: make env PYTHON=python3.12" >&2; exit 1; }
import sys
sys.exit(sys.version_info < (3, 11))
PY

echo "Building $venv from requirements.lock …"
if [ ! -x "$venv/bin/python" ]; then
  "$python" -m venv "$venv" || {
    echo "make env: $python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2
    exit 1
  }
fi
pip=("$venv/bin/python" -m pip -qq --disable-pip-version-check)
install=("${pip[@]}" install)
uv_lines=$(mktemp)
trap 'rm -f "$uv_lines"' EXIT
awk '/^[^ ]/ { keep = /^uv==/ } keep' requirements.lock > "$uv_lines"
if "${install[@]}" --require-hashes -r "$uv_lines" 2>/dev/null; then
  export VIRTUAL_ENV="$PWD/$venv"
  if "$venv/bin/uv" pip sync --system-certs --compile-bytecode --quiet --require-hashes requirements.lock; then
    "$venv/bin/uv" pip install --system-certs --quiet --no-deps --no-build-isolation --editable .
    touch "$stamp"
    echo "Environment is ready."
    exit 0
  fi
  echo "uv could not finish; pip does the same work, in about a minute …" >&2
fi
"${install[@]}" --require-hashes -r requirements.lock
"${install[@]}" --no-deps --no-build-isolation --editable .
touch "$stamp"
echo "Environment is ready."
