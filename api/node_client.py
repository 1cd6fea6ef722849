"""The server's side of a recording node's control interface. The node records on whether or not anyone asks."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from api.errors import Conflict, NodeUnreachable, Unusable

_CONNECT = 2.0  # seconds: in a court's own network a machine that is there answers at once
_UNREACHABLE = "The recording node at {url} does not answer: check that it runs and its network; recording goes on."


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a step (`by`), of which hearing, and how many steps, or orders, the person had seen (None: unknown).

    With it neither a repeated request nor a second person's changes anything twice (recorder/plan.py).
    """

    by: str
    hearing: str
    seen: int | None = None

    def as_fields(self) -> dict[str, Any]:
        known = {} if self.seen is None else {"seen": self.seen}
        return {"by": self.by, "hearing": self.hearing, **known}


class NodeClient:
    """Every call raises NodeUnreachable; a step the node refuses is Conflict, bad input Unusable, in its own words."""

    def __init__(self, url: str, token: str, timeout: float = 10.0) -> None:
        self.url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, _CONNECT))

    def status(self) -> dict[str, Any]:
        """What recorder/control.py tells: {node, room, hearing, spare_of, state, seconds, tracks, unsent, …}."""
        return self._call("GET", "/status")

    def start(self, card: Mapping[str, Any], key: str, by: str, spare_of: str = "") -> str:
        """Begins to record with these card fields; returns the hearing's id, the same for the same `key`. `spare_of`:
        what another node records."""
        beside = {"spare_of": spare_of} if spare_of else {}
        return str(self._call("POST", "/start", {**card, **beside, "key": key, "by": by})["hearing"])

    def pause(self, asked: Asked) -> dict[str, Any]:
        return self._call("POST", "/pause", asked.as_fields())

    def resume(self, asked: Asked) -> dict[str, Any]:
        return self._call("POST", "/resume", asked.as_fields())

    def deliberate(self, asked: Asked) -> dict[str, Any]:
        return self._call("POST", "/deliberate", asked.as_fields())

    def stop(self, asked: Asked) -> dict[str, Any]:
        return self._call("POST", "/stop", asked.as_fields())

    def note(self, template: str, text: str, key: str, asked: Asked) -> float:
        """Puts a note at the present moment, once for each `key`; returns it in seconds on the hearing's timeline."""
        note = {"template": template, "text": text, "key": key}
        return float(self._call("POST", "/note", {**note, **asked.as_fields()})["at"])

    def order(self, openness: str, back_seconds: int, asked: Asked) -> dict[str, Any]:
        """The hearing is open or closed from so long ago on; the status, and `since` in seconds on its timeline."""
        order = {"openness": openness, "back_seconds": back_seconds}
        return self._call("POST", "/openness", {**order, **asked.as_fields()})

    def mute(self, track: str, muted: bool, asked: Asked) -> dict[str, Any]:
        """The microphone is declared muted, or heard again."""
        return self._call("POST", "/mute", {"track": track, "muted": muted, **asked.as_fields()})

    def selftest(self) -> dict[str, Any]:
        """{running, tracks, trouble, last}: see court.health for what the last one found."""
        return self._call("GET", "/selftest")

    def start_selftest(self) -> dict[str, Any]:
        return self._call("POST", "/selftest/start")

    def stop_selftest(self) -> dict[str, Any]:
        return self._call("POST", "/selftest/stop")

    def sound(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events of the node's /sound (recorder/listening.py), name and fields, until the node ends it."""
        try:
            with (
                httpx.Client(timeout=self._timeout, headers=self._headers, trust_env=False) as client,
                client.stream("GET", f"{self.url}/sound") as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise NodeUnreachable(f"The recording node answered {answer.status_code} to who listens along.")
                name = ""
                for line in answer.iter_lines():
                    field, _, value = line.partition(":")
                    if field == "event":
                        name = value.strip()
                    elif field == "data":
                        yield name, json.loads(value)
        except (httpx.HTTPError, ValueError):
            raise NodeUnreachable(_UNREACHABLE.format(url=self.url)) from None

    async def levels(self) -> AsyncIterator[str]:
        """The data of each `levels` event (JSON text), about ten a second, until the node ends it."""
        try:
            async with (
                httpx.AsyncClient(timeout=self._timeout, headers=self._headers, trust_env=False) as client,
                client.stream("GET", f"{self.url}/levels") as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise NodeUnreachable(f"The recording node answered {answer.status_code} to a request for levels.")
                async for line in answer.aiter_lines():
                    if line.startswith("data:"):
                        yield line.removeprefix("data:").strip()
        except httpx.HTTPError:
            raise NodeUnreachable(_UNREACHABLE.format(url=self.url)) from None

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = httpx.request(
                method,
                self.url + path,
                json=body,
                headers=self._headers,
                timeout=self._timeout,
                trust_env=False,
            )
        except httpx.HTTPError:
            raise NodeUnreachable(_UNREACHABLE.format(url=self.url)) from None
        if answer.is_success:
            result: dict[str, Any] = answer.json()
            return result
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> Conflict | Unusable | NodeUnreachable:
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = ""
    if answer.status_code == httpx.codes.CONFLICT:
        return Conflict(detail or "The recording node cannot do this now.")
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        return Unusable(detail or "The recording node cannot use this input.")
    return NodeUnreachable(f"The recording node answered {answer.status_code}{f': {detail}' if detail else '.'}")
