#!/usr/bin/env bash
# Puts the real services and the Russian speech that the tests run against on a Debian machine, and says what is there.
#
# Idempotent. Needs root or passwordless sudo only when a package is missing. Starts no service: the tests start their own.
# With COURTREC_REQUIRE_SERVICES=1 it fails if anything is missing; otherwise the tests concerned are skipped.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
minio="${XDG_CACHE_HOME:-$HOME/.cache}/courtrec/bin/minio"
verapdf="${XDG_CACHE_HOME:-$HOME/.cache}/courtrec/verapdf"
sound_text=/usr/share/doc/asterisk-core-sounds-ru/core-sounds-ru.txt.gz

# Debian package | what stays unrun without it
packages="\
chromium|browser tests
fonts-dejavu-core|browser tests (Cyrillic text on screen)
openssl|tests on a real time-stamp authority
age|test that backups can be read without courtrec
postgresql|tests on a real PostgreSQL
redis-server|tests on a real Redis
poppler-utils|tests that read the protocol's PDF back, or check its signatures
libnss3-tools|tests that check signatures by a program that is not ours
softhsm2|tests on a real PKCS#11 token
default-jre-headless|tests that a signed protocol is PDF/A (veraPDF)
maven|tests that a signed protocol is PDF/A (brings veraPDF)
festival|tests on synthesised Russian speech
festvox-ru|tests on the recorded Russian man, and on synthesised Russian speech
asterisk-core-sounds-ru-wav|tests on the recorded Russian woman
asterisk-core-sounds-ru|tests on the recorded Russian woman (the text of the recordings)
asterisk-moh-opsound-wav|test that music on hold has no text
python3-gi|tests on a real RTSP server
gir1.2-gst-rtsp-server-1.0|tests on a real RTSP server
gstreamer1.0-plugins-base|tests on a real RTSP server
gstreamer1.0-plugins-good|tests on a real RTSP server
gstreamer1.0-plugins-bad|tests on a real RTSP server (H.265 cameras)
nut-server|tests on a real server of UPSs (NUT)
libasound2-data|tests on ALSA
libasound2-plugins|test on ALSA with a real sound server for its card
pulseaudio|tests on a real sound server
pulseaudio-utils|tests on a real sound server
pipewire-pulse|tests on a real PipeWire
wireplumber|tests on a real PipeWire
pipewire-bin|tests on a real PipeWire
dbus-daemon|tests on a real PipeWire"

installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ] || return 1
  # Slim images leave documentation out, and this package is nothing but documentation.
  [ "$1" != asterisk-core-sounds-ru ] || [ -s "$sound_text" ]
}

missing_packages() {
  local package
  while IFS='|' read -r package _; do
    installed "$package" || echo "$package"
  done <<< "$packages"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 "$@"
}

install_packages() {
  apt install --reinstall --no-install-recommends \
    -o "Dpkg::Options::=--path-include=/usr/share/doc/asterisk-core-sounds-ru/*" "$@"
}

# Debian starts a server as soon as it is installed, unless this program forbids it.
forbid_service_start() {
  local policy=/usr/sbin/policy-rc.d
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" > /dev/null
  as_root chmod 755 "$policy"
  trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
}

install_missing() {
  local wanted package
  mapfile -t wanted < <(missing_packages)
  [ "${#wanted[@]}" -gt 0 ] || return 0
  if ! as_root true 2> /dev/null; then
    echo "Not root, and sudo asks for a password: cannot install ${wanted[*]}" >&2
    return 0
  fi
  forbid_service_start
  apt update || true
  # One package that the mirror lacks fails the whole command; then take them one by one.
  install_packages "${wanted[@]}" || for package in "${wanted[@]}"; do install_packages "$package" || true; done
}

report() {
  local package unrun missing=0
  echo
  while IFS='|' read -r package unrun; do
    if installed "$package"; then
      echo "there    $package $(dpkg-query -W -f='${Version}' "$package")"
    else
      echo "MISSING  $package: leaves unrun: $unrun"
      missing=1
    fi
  done <<< "$packages"
  if [ -x "$minio" ]; then
    echo "there    MinIO ($minio)"
  else
    echo "MISSING  MinIO: leaves unrun: tests on a real S3 object store"
    missing=1
  fi
  if [ -n "$(ls "$verapdf"/greenfield-apps-*.jar 2> /dev/null)" ]; then
    echo "there    veraPDF ($verapdf)"
  else
    echo "MISSING  veraPDF: leaves unrun: tests that a signed protocol is PDF/A"
    missing=1
  fi
  return "$missing"
}

install_missing
"$here/build_minio.sh" || true
"$here/install_verapdf.sh" || true
if ! report && [ "${COURTREC_REQUIRE_SERVICES:-}" = 1 ]; then
  echo "Something is missing, and COURTREC_REQUIRE_SERVICES=1 asks for everything." >&2
  exit 1
fi
