"""`courtrec protocol`: signing at the computer that has the token, and drawing up a corrected protocol."""

import base64
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import typer

from api.cli.prompts import ask_password
from api.composition import existing_context, protocol_context
from api.errors import Conflict, ServerError
from api.settings import Settings, load_settings
from api.stamps import load_authority
from court.errors import InputError
from hardware.clock import SystemClock
from protocol.forms import load_form
from protocol.seal import Sealing, require_person, seal
from protocol.settings import ProtocolSettings, load_protocol_settings
from protocol.signers import SignerRole, TokenSigner, choose_signer, load_signers, opened
from protocol.signers.port import Level
from protocol.tasks import correct_protocol
from protocol.verify import load_trust_roots

_SECONDS = 120.0  # a long protocol is laid out anew for each signature


def sign_here(hearing: str, server: str, login: str, signers: Path | None) -> None:
    """Fetches the protocol, signs it here and brings it back; raises a CourtError, and then nothing was signed."""
    settings, protocols = load_settings(), load_protocol_settings()
    path = signers or protocols.signers
    if path is None:
        raise InputError("Say where your key is: --signers FILE or COURTREC_PROTOCOL_SIGNERS (docs/operations.md).")
    keys = load_signers(path)
    with httpx.Client(
        base_url=server, auth=httpx.BasicAuth(login, ask_password(f"Password of {login}")), timeout=_SECONDS
    ) as court:
        task = _ask(court, "GET", f"/api/hearings/{hearing}/protocol/to-sign")
        role, person = SignerRole(task["role"]), task["person"]
        key = choose_signer(keys, role, person)
        asked = isinstance(key, TokenSigner) and key.pin_file is None
        pin = ask_password(f"PIN of the token {key.token}") if isinstance(key, TokenSigner) and asked else ""
        form = load_form(task["form"], task["language"], protocols.forms, protocols.profile)
        moment = SystemClock().now().utc.astimezone(ZoneInfo(task["zone"]))
        with opened(key, pin) as signer:
            if protocols.check_names:
                require_person(signer.signing_cert, person)
            sealing = _sealing(settings, protocols, Level(task["level"]))
            signed = seal(base64.b64decode(task["pdf"]), role, signer, form, moment, sealing)
        told = _ask(
            court, "PUT", f"/api/hearings/{hearing}/protocol/signed", {"pdf": base64.b64encode(signed).decode()}
        )
    typer.echo(f"Signed as {role.value} by {told['signer']}, level {told['level']}: revision {told['revision']}.")


def correct_signed(hearing: str) -> None:
    """Raises Conflict where there is no signed protocol that could be corrected now."""
    if not correct_protocol(protocol_context(existing_context(load_settings(), keys=True)), hearing):
        raise Conflict(f"The hearing {hearing} has no signed protocol that could be corrected now.")
    typer.echo("A new draft is drawn up that names the signed protocol: correct it, then sign it as usual.")


def _sealing(settings: Settings, protocols: ProtocolSettings, level: Level) -> Sealing:
    """As the court wants it, by this computer's own settings of authorities."""
    authority = load_authority(settings)
    paths = [one for one in (protocols.trust_roots, settings.timestamp_roots) if one is not None]
    roots = [root for one in paths for root in load_trust_roots(one)]
    return Sealing(level, roots, settings.timestamp_url, authority.login if authority else None)


def _ask(court: httpx.Client, method: str, path: str, body: Any = None) -> dict[str, Any]:
    try:
        answer = court.request(method, path, json=body)
        told = answer.json()
    except httpx.HTTPError as error:
        raise ServerError(
            f"The court's server {court.base_url} does not answer ({type(error).__name__}): nothing was signed."
        ) from None
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise ServerError(f"At {court.base_url} answers no server of courtrec: check the address.")
    if answer.is_error:
        raise ServerError(str(told.get("detail")))
    return told
