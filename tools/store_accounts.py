"""Sets up the S3 store of docker-compose.yml: the bucket with object lock, and accounts that may do their work only.

    python -m tools.store_accounts ENDPOINT SECRETS [--plain]

SECRETS is the folder with `s3.root.access` and `s3.root.secret`, the store's own account, and the names and secrets of
the accounts to be made: `s3.*` for the server, `s3-node.*`, `s3-archive.*`, `s3-disposal.*`. What each may do stands in
deploy/policies/. Running it again changes nothing, or brings the accounts back to that.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3
from minio import Minio
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, MinioException
from minio.minioadmin import MinioAdmin

POLICIES = Path(__file__).parents[1] / "deploy" / "policies"
BUCKET = "courtrec"
FILES = {"server": "s3", "node": "s3-node", "archive": "s3-archive", "disposal": "s3-disposal"}


@dataclass(frozen=True)
class Account:
    access: str
    secret: str


def set_up(endpoint: str, root: Account, accounts: Mapping[str, Account], secure: bool) -> None:
    """Makes the bucket, and each account with the policy of its name."""
    client = Minio(endpoint, root.access, root.secret, secure=secure)
    if not client.bucket_exists(BUCKET):
        client.make_bucket(BUCKET, object_lock=True)
    admin = MinioAdmin(endpoint=endpoint, credentials=StaticProvider(root.access, root.secret), secure=secure)
    for name, account in accounts.items():
        policy = f"courtrec-{name}"
        admin.policy_add(policy, str(POLICIES / f"{name}.json"))
        admin.user_add(account.access, account.secret)
        admin.policy_set(policy, user=account.access)


def read_account(folder: Path, name: str) -> Account:
    access, secret = ((folder / f"{name}.{part}").read_text().strip() for part in ("access", "secret"))
    return Account(access, secret)


def main(arguments: list[str]) -> None:
    plain = "--plain" in arguments
    try:
        endpoint, folder = (one for one in arguments if one != "--plain")
        secrets = Path(folder)
        accounts = {name: read_account(secrets, file) for name, file in FILES.items()}
        set_up(endpoint, read_account(secrets, "s3.root"), accounts, secure=not plain)
    except ValueError:
        sys.exit("Say where: python -m tools.store_accounts HOST:PORT SECRETS [--plain]")
    except OSError as error:
        sys.exit(f"The secret {error.filename} cannot be read ({error.strerror}): run tools/compose_secrets.sh.")
    except (MinioException, MinioAdminException, urllib3.exceptions.HTTPError) as error:
        sys.exit(f"The object store did not take its accounts: {str(error).splitlines()[0]}")
    sys.stdout.write(f"The bucket {BUCKET} and the accounts {', '.join(FILES)} are ready.\n")


if __name__ == "__main__":
    main(sys.argv[1:])
