"""Reads anything FFmpeg opens: files, streams, devices and graphs differ only in how they are opened."""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

import av
import numpy as np
from av.audio.resampler import AudioResampler

from hardware.devices import AUDIO_RATE, VIDEO_RATE, AudioBlock, Item, Pcm, Picture, PictureFormat
from hardware.errors import DeviceLost, DeviceUnusable

KEPT = ("h264", "hevc")
"""Pictures that are recorded as they come; all others are decoded and encoded as H.264."""

_HOLE = AUDIO_RATE // 10  # timestamps of most network streams tremble; a real hole is longer than 0.1 s
_BLOCK = (
    AUDIO_RATE // 25
)  # samples, at least, that are handed on at once: some streams come in packets of a millisecond
_BACK = 1.0  # seconds: a clock that goes back further was set, and is taken to go on
_DRIFT = 1 / 512  # of each frame's difference of stamp and count is drift; about ten seconds until all of it is
_DEFAULT_FRAMES_PER_SECOND = 25.0
_RUN_UP_SECONDS = 1.0  # what decoders and the resampler need before they give what an unbroken reading gives


class Readable(Protocol):
    """What libav reads instead of opening an address."""

    def read(self, size: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Opening:
    """How to open one input, as FFmpeg takes it. `timeout` in seconds: of opening and reading, or of each.

    `name` begins the sentences about it, `title` stands in the ledger and names no folder or password. Samples are
    missing where stamps are ahead of them by more than `hole`.
    """

    name: str
    title: str
    address: str
    live: bool
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    timeout: float | tuple[float, float | None] | None = None
    hole: int = _HOLE


class AvInput:
    """An open input: sound with all its channels at 48 kHz, H.264 and H.265 as packets, other pictures as frames.

    Sound is counted, pictures are stamped; of a live input both are given in the time of the count.
    """

    endless = False

    def __init__(self, opening: Opening, at: float = 0.0, feed: Readable | None = None) -> None:
        """Opens it, a recording at `at` seconds; `feed` is read instead of the opening's address.

        Raises DeviceUnusable, saying why in one sentence, and whatever `feed` raises.
        """
        self.opening = opening
        self.live = opening.live
        self._at = 0.0 if self.live else at
        self._sound = _Sound(int(self._at * AUDIO_RATE), opening.hole, follow=self.live)
        self._unstamped: list[Any] = []
        self._last_tick: int | None = None
        self._late = 0
        self._container = _open(opening, feed)
        try:
            self._choose_streams()
            self._seek()
        except BaseException:
            self._container.close()
            raise

    def items(self) -> Iterator[Item]:
        """See hardware.devices.Source."""
        try:
            yield from self._read()
        except av.FFmpegError as error:
            yield from self._sound.rest()
            raise DeviceLost(f"{self.opening.name} stopped giving: {_reason(error)}.") from None
        if self.live:
            raise DeviceLost(f"{self.opening.name} ended its stream.")

    def close(self) -> None:
        self._container.close()

    def _choose_streams(self) -> None:
        streams = self._container.streams
        self._audio = streams.best("audio")
        self._video = streams.best("video")
        if self._audio is None and self._video is None:
            raise DeviceUnusable(f"{self.opening.name} holds neither sound nor a picture: give another one.")
        self.channels = 0 if self._audio is None else int(self._audio.codec_context.channels)
        self.picture = None if self._video is None else _picture_format(self._video)
        # A packet makes a fraction of it anew each time.
        self._sound_base = None if self._audio is None else self._audio.time_base
        self._picture_base = None if self._video is None else self._video.time_base
        kinds = [f"{one.type} {one.codec_context.name}" for one in (self._audio, self._video) if one is not None]
        self.description = f"{self.opening.title} ({self._container.format.name}; {', '.join(kinds)})"

    def _seek(self) -> None:
        start = self._container.start_time or 0
        self._origin = None if self.live else Fraction(start, av.time_base)
        if self._at > 0 and self.opening.format is None:
            run_up = max(0.0, self._at - _RUN_UP_SECONDS)
            self._container.seek(start + int(run_up * av.time_base))

    def _read(self) -> Iterator[Item]:
        wanted = [stream for stream in (self._audio, self._video) if stream is not None]
        for packet in self._container.demux(wanted):
            if packet.stream is self._audio:
                yield from self._blocks(packet)
            elif self.picture is not None and self.picture.kept is not None:
                yield from self._kept(packet, self.picture)
            elif self.picture is not None:
                yield from self._decoded(packet, self.picture)
        yield from self._sound.rest()

    def _blocks(self, packet: Any) -> Iterator[AudioBlock]:
        for frame in _decode(packet):
            yield from self._sound.blocks(frame, self._time(frame.pts, self._sound_base, AUDIO_RATE))

    def _kept(self, packet: Any, form: PictureFormat) -> Iterator[Picture]:
        """A camera's first packets have no stamp until its first report came, but follow one another at its rate."""
        if packet.size == 0:
            return
        if packet.pts is None and self.live:
            self._unstamped = [packet] if packet.is_keyframe else [*self._unstamped, packet]
            return
        shown = self._time(packet.pts, self._picture_base, VIDEO_RATE)
        decoded = self._time(packet.dts, self._picture_base, VIDEO_RATE)
        if shown is None or shown < self._at * VIDEO_RATE:
            return
        start = self._counted(shown)
        decode_start = start if decoded is None else self._counted(decoded)
        late = self._gone_back(decode_start, form)
        start, decode_start = start + late, decode_start + late
        for number, early in enumerate(self._unstamped):
            before = round((len(self._unstamped) - number) * VIDEO_RATE / form.frames_per_second)
            yield Picture(decode_start - before, decode_start - before, bool(early.is_keyframe), form, early)
        self._unstamped = []
        yield Picture(start, decode_start, bool(packet.is_keyframe), form, packet)

    def _decoded(self, packet: Any, form: PictureFormat) -> Iterator[Picture]:
        for frame in _decode(packet):
            shown = self._time(frame.pts, self._picture_base, VIDEO_RATE)
            if shown is not None and shown >= self._at * VIDEO_RATE:
                start = self._counted(shown)
                start += self._gone_back(start, form)
                yield Picture(start, start, True, form, frame)

    def _counted(self, tick: int) -> int:
        """The tick of a stamp in the time of the sound's count."""
        return tick - round(self._sound.ahead * VIDEO_RATE / AUDIO_RATE)

    def _gone_back(self, tick: int, form: PictureFormat) -> int:
        """What to add to the picture's ticks: behind a camera's clock that was set back it follows the one before."""
        if self.live and self._last_tick is not None and tick + self._late < self._last_tick - _BACK * VIDEO_RATE:
            self._late = self._last_tick + round(VIDEO_RATE / form.frames_per_second) - tick
        self._last_tick = tick + self._late
        return self._late

    def _time(self, stamp: int | None, base: Fraction | None, rate: int) -> int | None:
        """Ticks at `rate` since the input's origin, rounded down; that of a live one is the first stamp seen."""
        if stamp is None or base is None:
            return None
        if self._origin is None:
            self._origin = stamp * base
        origin, over = self._origin.numerator, self._origin.denominator
        return rate * (stamp * base.numerator * over - origin * base.denominator) // (base.denominator * over)


class _Sound:
    """Turns decoded frames into 48 kHz blocks, counting samples; only a real hole in the stamps moves the count.

    Stamps may be of another clock than the samples, the machine's or the camera's: their difference grows slowly then,
    and that is no hole. `ahead`: by how many samples stamps are ahead of the count for that reason.
    """

    def __init__(self, begin: int, hole: int, follow: bool) -> None:
        self._begin = begin
        self._hole = hole
        self._follow = follow
        self._next: int | None = None
        self._resampler: AudioResampler | None = None
        self._pieces: list[Pcm] = []
        self.ahead = 0.0

    def blocks(self, frame: Any, stamp: int | None) -> Iterator[AudioBlock]:
        if self._next is None:
            self._next = stamp or 0
        elif stamp is not None and (missing := self._left_out(stamp - self._next - self.ahead)):
            yield from self._gathered()
            self._next += missing
        self._count(self._converted(frame))
        if sum(map(len, self._pieces)) >= _BLOCK:
            yield from self._gathered()

    def _converted(self, frame: Any) -> Iterable[Any]:
        if self._resampler is None and frame.format.name == "s16" and frame.sample_rate == AUDIO_RATE:
            return (frame,)
        if self._resampler is None:
            self._resampler = AudioResampler("s16", frame.layout, AUDIO_RATE)
        return self._resampler.resample(frame)

    def _left_out(self, difference: float) -> int:
        """How many samples are missing, from how much further the stamps are now than they were lately."""
        if difference > self._hole:
            return int(difference)
        if self._follow and difference < -_BACK * AUDIO_RATE:
            self.ahead += difference
        elif self._follow:
            self.ahead += _DRIFT * max(difference, -self._hole)
        return 0

    def rest(self) -> Iterator[AudioBlock]:
        """What was not handed on, and what the resampler still held."""
        if self._resampler is not None:
            self._count(self._resampler.resample(None))
        yield from self._gathered()

    def _count(self, frames: Iterable[Any]) -> None:
        for frame in frames:
            channels = frame.layout.nb_channels
            pcm: Pcm = np.frombuffer(frame.planes[0], np.int16, frame.samples * channels).reshape(-1, channels)
            self._pieces.append(pcm)
            self._next = (self._next or 0) + len(pcm)

    def _gathered(self) -> Iterator[AudioBlock]:
        if not self._pieces:
            return
        pcm: Pcm = np.vstack(self._pieces)
        self._pieces = []
        start = (self._next or 0) - len(pcm)
        early = min(len(pcm), max(0, self._begin - start))
        if early < len(pcm):
            yield AudioBlock(start + early, pcm[early:])


def _open(opening: Opening, feed: Readable | None) -> Any:
    try:
        return av.open(
            feed or opening.address, format=opening.format, options=dict(opening.options), timeout=opening.timeout
        )
    except FileNotFoundError:
        raise DeviceUnusable(f"{opening.name} does not exist: check its name.") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        raise DeviceUnusable(
            f"{opening.name} cannot be opened: {_reason(error)}; check it or give another one."
        ) from None


def _decode(packet: Any) -> list[Any]:
    """The packet's frames; none where it is damaged, which the stamps of the next ones then show as a hole."""
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []


def _picture_format(stream: Any) -> PictureFormat:
    context = stream.codec_context
    rate = float(stream.average_rate or stream.guessed_rate or _DEFAULT_FRAMES_PER_SECOND)
    if context.name not in KEPT:
        return PictureFormat(context.width, context.height, rate)
    return PictureFormat(context.width, context.height, rate, _detached(stream), context.name)


def _detached(stream: Any) -> Any:
    """The stream's parameters in a stream that outlives its device."""
    return av.open(io.BytesIO(), "w", format="mp4").add_stream_from_template(stream)


def _reason(error: Exception) -> str:
    if isinstance(error, av.error.ExitError):
        return "it gave nothing for too long"  # `timeout`
    return (getattr(error, "strerror", None) or str(error)).strip().rstrip(".").lower() or "no reason given"
