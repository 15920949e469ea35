#!/usr/bin/env bash
# Every linter that .ci/run holds, each with its own verdict; the first that fails ends the run.
set -euo pipefail
bin=.venv/bin
step() { printf '── %s\n' "$1"; shift; "$@"; }
step "ruff: rules" "$bin/ruff" check --quiet .
step "ruff: format" "$bin/ruff" format --quiet --check .
step "mypy --strict" "$bin/mypy" --no-error-summary
step "API document keeps /v1's promises" "$bin/python" -m compatibility
printf '── import rules\n'
# Two pages when all is well, so they are shown only when it is not.
verdict=$("$bin/lint-imports" --verbose --no-cache) || { printf '%s\n' "$verdict"; exit 1; }
echo "All linters are content."
