#!/usr/bin/env bash
# Usage: make_venv.sh PYTHON VENV LOCKFILE. Makes the virtual environment and installs exactly what is locked.
set -euo pipefail
python=$1 venv=$2 lock=$3

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "courtrec needs Python 3.11 or newer; '$python' is not. Set it with: make PYTHON=/path/to/python3.11" >&2
  exit 2
}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || {
  echo "'$python' cannot make virtual environments: install its venv module (Debian: apt-get install python3-venv)." >&2
  exit 2
}
echo "Installing the locked dependencies of $lock into $venv …"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
