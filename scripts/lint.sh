#!/usr/bin/env bash
# Every linter that .ci/run holds, each with its own verdict; the first that fails ends the run.
set -euo pipefail
bin=.venv/bin
step() { printf '── %s\n' "$1"; shift; "$@"; }
step "ruff: rules" "$bin/ruff" check --quiet .
step "ruff: format" "$bin/ruff" format --quiet --check .
step "mypy --strict" "$bin/mypy" --no-error-summary
step "import rules" "$bin/lint-imports" --verbose --no-cache >/tmp/import-rules.$$ || { cat /tmp/import-rules.$$; rm -f /tmp/import-rules.$$; exit 1; }
rm -f /tmp/import-rules.$$
echo "All linters are content."
