#!/usr/bin/env bash
# Fetches a checker written in Java, `verapdf` (PDF/A) or `dss` (signatures), from Maven Central into the cache.
# Does nothing if it is there.
set -euo pipefail

name="$1"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/$name" && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/courtrec/$name"

whole() { (cd "$cache" && sha256sum --quiet --check "$here/jars.sha256") > /dev/null 2>&1; }

if whole; then
  echo "$name is there already: $cache"
  exit 0
fi
if ! command -v mvn > /dev/null; then
  echo "$name needs Maven: install the Debian package maven." >&2
  exit 1
fi
rm -rf "$cache"
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$cache"
if ! whole; then
  echo "What Maven gave is not the $name that tests/services/$name/jars.sha256 names." >&2
  exit 1
fi
echo "$name is there: $cache"
