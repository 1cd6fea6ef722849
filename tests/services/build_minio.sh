#!/usr/bin/env bash
# Builds the MinIO server that the tests run against, from the Go module proxy, into the cache. Does nothing if it is there.
set -euo pipefail

source_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/minio"
bin_dir="${XDG_CACHE_HOME:-$HOME/.cache}/courtrec/bin"
binary="$bin_dir/minio"
stamp="$bin_dir/minio.sources"

sources() { (cd "$source_dir" && sha256sum main.go go.mod go.sum); }

# Go 1.21 is the first that fetches, through the same proxy, the newer toolchain which go.mod asks for.
find_go() {
  local candidate minor
  for candidate in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.*/bin/go; do
    [ -x "$candidate" ] || continue
    minor="$("$candidate" env GOVERSION | sed -nE 's/^go1\.([0-9]+).*/\1/p')"
    if [ "${minor:-0}" -ge 21 ]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

if [ -x "$binary" ] && [ -f "$stamp" ] && sources | cmp -s - "$stamp"; then
  echo "MinIO is built already: $binary"
  exit 0
fi
if ! go="$(find_go)"; then
  echo "MinIO cannot be built: Go 1.21 or newer is needed (Debian's golang-go from trixie or backports)." >&2
  exit 1
fi

echo "Building MinIO (2 to 5 minutes on two cores; downloads about 270 MB of sources)..."
mkdir -p "$bin_dir"
rm -f "$stamp"
cd "$source_dir"
GOTOOLCHAIN=auto GOFLAGS=-buildvcs=false CGO_ENABLED=0 "$go" build -trimpath -ldflags "-s -w" -o "$binary.part" .
mv "$binary.part" "$binary"
sources > "$stamp"
echo "Built $binary"
