#!/usr/bin/env bash
# Upgrades courtrec in /opt/courtrec to a signed version and starts its services again; never while a hearing is recorded.
#
#   deploy/upgrade.sh v0.2.0
set -euo pipefail
version="${1:?Give the version to upgrade to, for example v0.2.0.}"
cd /opt/courtrec

if [ -d /var/lib/courtrec-node ]; then
  COURTREC_NODE_HOME=/var/lib/courtrec-node .venv/bin/courtrec node upgrade-check
fi
git fetch --quiet --tags
git verify-tag "$version"

# Nothing may be replaced under a program that runs. Whatever goes wrong, what ran before runs again.
mapfile -t services < <(systemctl list-units --plain --no-legend --state=active 'courtrec-*.service' | cut -d' ' -f1)
trap 'systemctl start "${services[@]}"' EXIT
systemctl stop "${services[@]}"
git checkout --quiet --detach "$version"
lock=node
if systemctl --quiet is-enabled courtrec-server 2> /dev/null; then lock=embedded; fi
tools/make_venv.sh python3 .venv "requirements/$lock.txt"
if [ "$lock" = embedded ]; then .venv/bin/python tools/build_web.py; fi
