#!/usr/bin/env bash
# Fetches veraPDF, which checks PDF/A, from Maven Central into the cache. Does nothing if it is there.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")/verapdf" && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/courtrec/verapdf"

whole() { (cd "$cache" && sha256sum --quiet --check "$here/jars.sha256") > /dev/null 2>&1; }

if whole; then
  echo "veraPDF is there already: $cache"
  exit 0
fi
if ! command -v mvn > /dev/null; then
  echo "veraPDF needs Maven: install the Debian package maven." >&2
  exit 1
fi
rm -rf "$cache"
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$cache"
if ! whole; then
  echo "What Maven gave is not the veraPDF that tests/services/verapdf/jars.sha256 names." >&2
  exit 1
fi
echo "veraPDF is there: $cache"
