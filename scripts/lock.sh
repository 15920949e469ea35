#!/usr/bin/env bash
# Resolves the dependencies and writes the hashed lock file. uv.lock itself is never kept: it names the registry's
# host on every entry, and no file of this project does.
set -euo pipefail
uv=.venv/bin/uv
trap 'rm -f uv.lock' EXIT
# A release has to be a week old before it gets in here. Not by `date`, which counts back differently on every system.
week_ago=$(.venv/bin/python -c 'from datetime import *; print(f"{datetime.now(UTC) - timedelta(7):%Y-%m-%dT00:00:00Z}")')
"$uv" export --quiet --no-config --format requirements-txt --no-emit-project --all-groups --no-header --no-annotate \
  --exclude-newer "$week_ago" -o requirements.lock
echo "Wrote requirements.lock."
