"""Sentences of the node and about it, which reach people's pages as text: turned into the reader's language there.

A node tells in English what it cannot do or what is wrong, and an error is raised in English; only who shows it knows
the reader. So what was said is recognised by these patterns, where braces stand for what differs each time.
"""

import re
from collections.abc import Callable
from functools import cache

from court.catalogue import N_, texts
from court.labels import LABELS
from court.signing_sentences import SIGNING

SENTENCES = (
    # of the server about the node
    N_("No recording node is attached to this server."),
    N_("The recording node is not recording this hearing."),
    N_("The recording node at {url} does not answer: check that it runs and its network; recording goes on."),
    N_("The recording node answered {status}: {detail}"),
    N_("The recording node answered {status}."),
    N_("The recording node cannot do this now."),
    N_("The recording node cannot use this input."),
    # of the node itself
    N_("The password is wrong."),
    N_("Too many failed log-ins: try again in {n} seconds."),
    N_("Too many failed attempts: try again in {n} seconds."),
    N_("This page can be opened in the court-room only."),
    N_("Somebody else was faster: look at the hearing's present state, and press again if it is still needed."),
    N_("Another hearing is being recorded here: stop it first."),
    N_("Another hearing is being recorded here now: nothing was changed."),
    N_("No hearing is being recorded here: start one."),
    N_("The hearing has ended: start a new one."),
    N_("A hearing that was interrupted is not finished: recover it first."),
    N_("The case number is empty: give the number printed on the AIS Court case card."),
    N_("A hearing is being recorded: its alarms say what is wrong; test before the next."),
    N_("There is no microphone {track} here: name one of {tracks}."),
    N_(
        "The recorder's disk has {free} free and a hearing may need {reserve}: make room, or plan shorter hearings "
        "(COURTREC_NODE_PLANNED_HOURS)."
    ),
    N_("{trouble} Repeat this step when it goes on."),
    N_("Recording is interrupted ({reason}); the node keeps trying to go on."),
    N_("The self-test failed ({reason}): repeat it."),
    N_("the recorder's disk is full: make room"),
    N_("database is locked"),
    # of its delivery
    N_("The server cannot be reached ({reason})."),
    N_("The server does not say what it has ({reason})."),
    N_("The server refused {what}: {detail} (status {status})"),
    N_("the segment {file}"),
    N_("leaves of the hearing {hearing}"),
    N_("The node is being shut down: delivery goes on when it runs again."),
    N_(
        "The segment {file} cannot be read from the spool ({reason}): put it back there, or give it up with "
        "`courtrec node give-up {name}`."
    ),
    N_(
        "The segment {file} in the spool is shorter than its leaf says: put it back there, or give it up with "
        "`courtrec node give-up {name}`."
    ),
    N_(
        "The segment {file} in the spool is not what its leaf says: put it back there, or give it up with "
        "`courtrec node give-up {name}`."
    ),
    N_("The segment {file} cannot be read from the spool ({reason}): put it back there."),
    N_("The segment {file} in the spool is shorter than its leaf says: put it back there."),
    N_("The segment {file} in the spool is not what its leaf says: put it back there."),
    N_("Delivery failed: {reason}"),
    # of its devices
    N_("The listener {device} lost its sender: {reason}."),
    N_("The sender gave nothing for {seconds} seconds."),
    N_("The UPS {name} at {address} tells nothing: {reason}."),
    N_("The UPS {name} at {address} does not answer: {reason}."),
    N_("The sound server cannot be opened: {reason}; {remedy}."),
    N_("{device} cannot be opened: the sound server does not know it; it knows {names}: correct the name."),
    N_("{device} cannot be opened: {reason}; check it or give another one."),
    N_("{device} cannot be opened: {reason}; {remedy}."),
    N_("{device} does not exist: check its name."),
    N_("{device} is gone: the sound server offers another one in its place."),
    N_("{device} is sent {count} channels of sound, the room uses {used}."),
    N_("{device} gave nothing for {seconds} seconds."),
    N_("{device} stopped giving: {reason}."),
    N_("{device} ended its stream."),
    N_("{device} holds neither sound nor a picture: give another one."),
    N_("The sound card {name}"),
    N_("The sound source {name}"),
    N_("The listener {name}"),
    N_("The stream {name}"),
    N_("The camera {name}"),
    N_("The file {name}"),
    N_("The filter graph {name}"),
    N_("it gave nothing for too long"),
    N_("it hung up"),
    N_("its program ended"),
    N_("no reason given"),
    N_("no such file or directory"),
    N_("no such device"),
    N_("device or resource busy"),
    N_("input/output error"),
    N_("permission denied"),
    N_("connection refused"),
    N_("connection timed out"),
    N_("timed out"),
    N_("no route to host"),
    N_("what answers is no NUT server"),
    *SIGNING,
)
"""The first that fits counts, so what is said of anything stands behind what is said of one thing."""

_BRACED = re.compile(r"\{\w+\}")
_SENTENCE = re.compile(r"[{A-Z].{20,}\.$")
_BRACES = re.compile(r"\\\{(\w+)\\\}")


def in_words(sentence: str, say: Callable[[str], str]) -> str:
    """`sentence`, and what stands in it, in the language of `say`; what nobody knows stays as it is."""
    if not sentence:
        return ""  # gettext would answer with the catalogue's head
    said = say(sentence)
    if said != sentence:
        return said
    for pattern in patterns():
        found = _pattern(pattern).fullmatch(sentence)
        if found is not None:
            parts = {name: _part(value, say) for name, value in found.groupdict().items()}
            return say(pattern).format(**parts)
    return sentence


def _part(text: str, say: Callable[[str], str]) -> str:
    bare = text.strip("'")
    if bare in LABELS:
        return say(LABELS[bare])
    said = in_words(text, say)
    return said if said != text else in_words(f"{text}.", say).removesuffix(".")


@cache
def patterns() -> tuple[str, ...]:
    """Those above, and the sentences of errors that the catalogues hold (tools/extract_sentences.py), first the ones
    with most letters of their own. What is less than a sentence would be found within others."""
    raised = [one for one in texts("ru") if _BRACED.search(one) and _SENTENCE.match(one) and one not in SENTENCES]
    return (*SENTENCES, *sorted(raised, key=lambda one: len(_BRACED.sub("", one)), reverse=True))


@cache
def _pattern(message: str) -> re.Pattern[str]:
    return re.compile(_BRACES.sub(r"(?P<\1>.+?)", re.escape(message)), re.DOTALL)
