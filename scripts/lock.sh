#!/usr/bin/env bash
# Resolves the dependencies and writes the hashed lock file. uv.lock itself is never kept: it names the registry's
# host on every entry, and no file of this project does.
set -euo pipefail
uv=.venv/bin/uv
trap 'rm -f uv.lock' EXIT
# A release has to be a week old before it gets in here.
"$uv" export --quiet --no-config --format requirements-txt --no-emit-project --all-groups --no-header --no-annotate \
  --exclude-newer "$(date -u -d '7 days ago' +%Y-%m-%dT00:00:00Z)" -o requirements.lock
echo "Wrote requirements.lock."
