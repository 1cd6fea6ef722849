#!/usr/bin/env bash
# Makes the secrets docker-compose.yml mounts, once; existing ones stay. They belong to uid 1000, the image's account.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets

make_secret() {
  [ -s "secrets/$1" ] || printf "%s\n" "$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')" > "secrets/$1"
}

make_secret node.token
make_secret db_password
# The store's own account, then those that tools/store_accounts.py makes in it.
for account in s3.root s3 s3-node s3-archive s3-disposal; do
  make_secret "$account.access"
  make_secret "$account.secret"
done
printf 'db:5432:courtrec:courtrec:%s\n' "$(cat secrets/db_password)" > secrets/pgpass
[ "$(id -u)" -ne 0 ] || chown -R 1000:1000 secrets
echo "secrets/ is ready; keep a copy where the court keeps its keys."
