"""Words and chapters for players and tools: WebVTT (W3C), RTTM (NIST), FFmpeg's metadata. Pure.

Times are seconds; what is open among the lines was decided before.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass

_LINE_BREAKS = str.maketrans({"\n": " ", "\r": " ", "\0": " "})


@dataclass(frozen=True, slots=True)
class Cue:
    """[start, end) seconds; `who` may be empty."""

    start: float
    end: float
    text: str
    who: str = ""


def webvtt(cues: Iterable[Cue], later: float = 0.0, note: str = "") -> str:
    """Subtitles, every cue so many seconds later; `note` is a comment at the beginning."""
    parts = ["WEBVTT"]
    if note:
        parts.append(f"NOTE {_one_line(note)}")
    for cue in cues:
        voice = f"<v {_escaped(cue.who)}>" if cue.who else ""
        end = max(cue.end, cue.start + 0.001)
        parts.append(f"{_clock(cue.start + later)} --> {_clock(end + later)}\n{voice}{_escaped(cue.text)}")
    return "\n\n".join(parts) + "\n"


def rttm(cues: Iterable[Cue], name: str) -> str:
    """Who spoke when; `name` of the recording has no blanks. Fields of a SPEAKER line: NIST RT-09 evaluation plan."""
    return "".join(
        f"SPEAKER {name} 1 {one.start:.3f} {one.end - one.start:.3f} <NA> <NA> {'_'.join(one.who.split()) or '<NA>'} "
        "<NA> <NA>\n"
        for one in cues
    )


def chapters(cues: Iterable[Cue], seconds: float, later: float, lead: str) -> str:
    """FFmpeg's metadata: the chapter `lead` from 0 on, then one from each cue to the next, the last to the end of the
    hearing. All cues are moved `later`."""
    found = [(0.0, lead), *((one.start + later, one.text) for one in sorted(cues, key=lambda one: one.start))]
    ends = [*(start for start, _ in found[1:]), seconds + later]
    parts = [";FFMETADATA1"]
    for (start, text), end in zip(found, ends, strict=True):
        first, last = round(start * 1000), round(end * 1000)
        if first < last:
            parts.append(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={first}\nEND={last}\ntitle={_metadata(text)}")
    return "\n".join(parts) + "\n"


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"


def _escaped(text: str) -> str:
    return html.escape(_one_line(text), quote=False)


def _one_line(text: str) -> str:
    return " ".join(text.translate(_LINE_BREAKS).split()).replace("-->", "→")


def _metadata(text: str) -> str:
    return "".join(f"\\{one}" if one in "=;#\\" else one for one in _one_line(text))
