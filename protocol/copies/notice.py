"""What every copy bears of itself: tones at its beginning that state case and copy, and a card in the picture.

The tones are DTMF (ITU-T Q.23), which any telephone engineer's program reads back, also from what was recorded through
the air: no voice comes with the product. They spell the digits of the case number with * for everything between them,
then # and the copy's number and #.
"""

import io
import re
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hardware.devices import AUDIO_RATE, VIDEO_RATE, Pcm
from protocol.copies.cut import MP4_OPTIONS, pictures, placed

LEAD_SECONDS = 10
"""The copy begins so much before the hearing: time in the copy is the hearing's time and this."""
_TONE, _PAUSE, _BEFORE = 0.1, 0.08, 0.5  # seconds
_AMPLITUDE = 4000  # of each of the two tones, of 32767
_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
_KEYS = "123A456B789C*0#D"
_MOST_DIGITS = 24  # of a case number: what fits into the lead with the copy's number
_CARD_RATE = 1  # pictures a second
_MARGIN = 0.06


def spelled(case_number: str, number: int) -> str:
    """What the tones say."""
    digits = re.sub(r"[^0-9]+", "*", case_number).strip("*")[:_MOST_DIGITS]
    return f"{digits}#{number}#"


def tones(text: str) -> Pcm:
    """The lead of a copy: LEAD_SECONDS of sound with these DTMF digits."""
    whole = np.zeros(LEAD_SECONDS * AUDIO_RATE, np.int16)
    length, at = round(_TONE * AUDIO_RATE), round(_BEFORE * AUDIO_RATE)
    seconds = np.arange(length) / AUDIO_RATE
    for key in text:
        row, column = divmod(_KEYS.index(key), 4)
        wave = sum(np.sin(2 * np.pi * hertz * seconds) for hertz in (_ROWS[row], _COLUMNS[column]))
        whole[at : at + length] = np.asarray(_AMPLITUDE * wave, np.int16)
        at += length + round(_PAUSE * AUDIO_RATE)
    return whole


def card(lines: Sequence[str], width: int, height: int) -> Image.Image:
    """A picture with these lines, the first one larger, none wider than the picture."""
    picture = Image.new("RGB", (width, height), (16, 24, 40))
    draw = ImageDraw.Draw(picture)
    left, at = round(width * _MARGIN), round(height * _MARGIN)
    for number, line in enumerate(lines):
        size = round(height * (0.07 if number == 0 else 0.045))
        for part in _wrapped(line, _font(size), width - 2 * left):
            draw.text((left, at), part, font=_font(size), fill=(240, 240, 240))
            at += round(size * 1.35)
        at += round(size * 0.3)
    return picture


def mark(text: str, width: int, height: int) -> bytes:
    """A PNG to lay over every picture: the text along the lower edge, half transparent."""
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    size = max(10, round(height * 0.035))
    font = _font(size)
    draw, left = ImageDraw.Draw(picture), round(width * 0.02)
    lines = _wrapped(text, font, width - 2 * left)
    at = height - round(size * 1.4) * len(lines) - round(size * 0.4)
    for line in lines:
        draw.text((left, at), line, font=font, fill=(255, 255, 255, 160), stroke_width=2, stroke_fill=(0, 0, 0, 160))
        at += round(size * 1.4)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def still(picture: Image.Image, start: int, end: int) -> bytes:
    """The picture as H.264 fragments that fill [start, end) ticks, each keyframe with its parameter sets."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options=MP4_OPTIONS) as container:
        options = {"preset": "veryfast", "tune": "stillimage", "bf": "0", "threads": "1", "g": "1", "crf": "20"}
        stream: Any = container.add_stream("libx264", rate=Fraction(_CARD_RATE), options=options)
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, VIDEO_RATE)
        step, length = VIDEO_RATE // _CARD_RATE, end - start
        frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, VIDEO_RATE)
        content = b"".join(map(bytes, [*stream.encode(frame), *stream.encode(None)]))  # one packet
        for at in range(0, length, step):
            made = av.Packet(content)
            made.pts = made.dts = at
            made.duration, made.time_base = min(step, length - at), Fraction(1, VIDEO_RATE)
            made.is_keyframe, made.stream = True, stream
            container.mux(made)
    return placed(pictures(file.getvalue(), 0, length, own_sets=True), start)


def _wrapped(text: str, font: Any, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


@cache
def _font(size: int) -> Any:
    """The typeface of the protocol."""
    with resources.as_file(resources.files("ttf_opensans") / "ttf" / "OpenSans-Regular.ttf") as path:
        return ImageFont.truetype(str(path), size)
