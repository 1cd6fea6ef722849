"""The server's side of a recording node's control interface. The node records on whether or not anyone asks."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from api.errors import Conflict, NodeUnreachable, Unusable

_UNREACHABLE = "The recording node at {url} does not answer: check that it runs and its network; recording goes on."


class NodeClient:
    """Every call raises NodeUnreachable; a step the node refuses is Conflict, bad input Unusable, in its own words."""

    def __init__(self, url: str, token: str, timeout: float = 10.0) -> None:
        self.url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = timeout

    def status(self) -> dict[str, Any]:
        """{node, room, hearing, state, seconds, tracks, unsent, message, muted, alarms}."""
        return self._call("GET", "/status")

    def start(self, card: Mapping[str, Any]) -> str:
        """Begins to record with these card fields; returns the hearing's id."""
        return str(self._call("POST", "/start", dict(card))["hearing"])

    def pause(self) -> dict[str, Any]:
        return self._call("POST", "/pause")

    def resume(self) -> dict[str, Any]:
        return self._call("POST", "/resume")

    def deliberate(self) -> dict[str, Any]:
        return self._call("POST", "/deliberate")

    def stop(self) -> dict[str, Any]:
        return self._call("POST", "/stop")

    def note(self, template: str, text: str) -> float:
        """Puts a note at the present moment; returns it in seconds on the hearing's timeline."""
        return float(self._call("POST", "/note", {"template": template, "text": text})["at"])

    def order(self, openness: str, back_seconds: int) -> dict[str, Any]:
        """The hearing is open or closed from so long ago on; the status, and `since` in seconds on its timeline."""
        return self._call("POST", "/openness", {"openness": openness, "back_seconds": back_seconds})

    def mute(self, track: str, muted: bool) -> dict[str, Any]:
        """The microphone is declared muted, or heard again."""
        return self._call("POST", "/mute", {"track": track, "muted": muted})

    def selftest(self) -> dict[str, Any]:
        """{running, tracks, trouble, last}: see court.health for what the last one found."""
        return self._call("GET", "/selftest")

    def start_selftest(self) -> dict[str, Any]:
        return self._call("POST", "/selftest/start")

    def stop_selftest(self) -> dict[str, Any]:
        return self._call("POST", "/selftest/stop")

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
    return NodeUnreachable(f"The recording node answered {answer.status_code}{': ' if detail else ''}{detail}.")
