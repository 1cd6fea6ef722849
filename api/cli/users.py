"""`courtrec user`."""

import typer

from api.auth.passwords import hash_password
from api.auth.sessions import LOGIN_LENGTH, as_login
from api.cli.prompts import ask_password
from api.composition import make_context
from api.context import Context
from api.settings import load_settings
from court.errors import InputError
from court.people import UserRole
from storage.db.models import User

NAME_LENGTH = 200


def add_user(login: str, name: str, role: str) -> None:
    """Raises InputError when the login is taken, the role unknown or the password too short."""
    try:
        found = UserRole(role)
    except ValueError:
        raise InputError(f"The role {role!r} is unknown: use one of {', '.join(UserRole)}.") from None
    password = ask_password("Password", confirm=True)
    login = as_login(login)
    if not create_user(make_context(load_settings()), login, name, found, password):
        raise InputError(f"The login {login!r} is taken: choose another.")
    typer.echo(f"{login} may log in as {found.value}.")


def create_user(context: Context, login: str, name: str, role: UserRole, password: str) -> bool:
    """Adds the account; False when the login exists already, which is then left as it is.

    Raises InputError when login, name or password cannot be used. Case does not matter in a login.
    """
    login, name = as_login(login), name.strip()
    if not (login.isascii() and login.replace("-", "").replace(".", "").isalnum()):
        raise InputError(f"The login {login!r} may hold only Latin letters, digits, dots and dashes.")
    if len(login) > LOGIN_LENGTH:
        raise InputError(f"The login has {len(login)} characters: use at most {LOGIN_LENGTH}.")
    if not 0 < len(name) <= NAME_LENGTH:
        raise InputError(f"The name has {len(name)} characters: give 1 to {NAME_LENGTH}.")
    with context.database.begin() as work:
        if work.accounts.by_login(login) is not None:
            return False
        work.accounts.add(User(login=login, name=name, role=role.value, password_hash=hash_password(password)))
    return True
