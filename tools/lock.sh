#!/usr/bin/env bash
# Writes requirements/*.txt: versions and hashes, no addresses. Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {  # compile NAME EXTRA…
  local name=$1 extras=()
  shift
  for extra in "$@"; do extras+=(--extra "$extra"); done
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url "${extras[@]}" pyproject.toml requirements/build.in -o "requirements/$name.txt" \
    ${constraint:+--constraint "$constraint"}
}

compile embedded node server
constraint=requirements/embedded.txt
compile node node
compile gpu node server gpu
compile dev node server dev

uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url requirements/web.in -o requirements/web.txt
