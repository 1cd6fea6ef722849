"""Tracks: each tiles its timeline with segments and gaps, one behind the other, from the hearing's first tick on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

from court.timeline import GapCause, SampleRange
from hardware.devices import AUDIO_RATE, VIDEO_RATE, Pcm, Picture
from recorder.encode import EVIDENCE, Coding, PictureFile, SegmentFile, SoundFile
from recorder.journal import Journal
from recorder.spool import OpenSegment

_LEAST = VIDEO_RATE // 1000
"""Ticks between pictures, at least."""

File = TypeVar("File", bound=SegmentFile)


class Track(Generic[File]):
    """The tiling of one track. `covered` is the tick up to which it is stated; positions are in the track's ticks.

    `input` is the id of the input it records, empty for a derived track.
    """

    rate: int

    def __init__(self, name: str, input_id: str, journal: Journal, covered: int, coding: Coding = EVIDENCE) -> None:
        self.name = name
        self.input = input_id
        self.covered = covered
        self.sequence = -1
        self._journal = journal
        self._coding = coding
        self._opened: OpenSegment | None = None
        self._file: File | None = None

    @property
    def open(self) -> bool:
        return self._file is not None

    @property
    def written(self) -> int:
        """Bytes in the file of the segment being written."""
        return 0 if self._file is None else self._file.written

    @property
    def opened(self) -> OpenSegment | None:
        """The segment being written. From any thread: its file is there, and grows."""
        return self._opened

    def seal(self, end: int) -> None:
        """Finishes the segment being written, if any; its range reaches to `end`."""
        if self._file is not None and self._opened is not None:
            sealed = self._file.seal()
            self._journal.segment(self._opened, end, sealed, partial=False, samples=self._samples())
            self._file = self._opened = None
            self.covered = end

    def abandon(self) -> None:
        """Leaves the segment being written as it is on the disk; nothing is stated."""
        if self._file is not None:
            self._file.abandon()
            self._file = self._opened = None

    def gap(self, end: int, cause: GapCause, device_log: str) -> None:
        """States that nothing was recorded from what is covered to `end`; does nothing where all is covered."""
        if end > self.covered:
            self._journal.gap(self.name, SampleRange(self.covered, end, self.rate), cause, device_log)
            self.covered = end

    def _samples(self) -> int | None:
        """How many samples the segment being written holds, where it is sound."""
        return None

    def _begin(self, start: int, sequence: int, codec: str, create: Callable[[Path], File]) -> File:
        """Opens segment number `sequence`, which the spool knows of before its first byte is written."""
        spool = self._journal.spool
        file = f"{self._journal.hearing}/{self.name}-{sequence:05d}.mp4"
        opened = OpenSegment(self.name, sequence, start, self.rate, codec, file)
        spool.open_segment(self._journal.hearing, opened)
        created = create(spool.folder / file)
        self._file, self._opened, self.sequence = created, opened, sequence
        return created


class SoundTrack(Track[SoundFile]):
    """A microphone, or the room mix."""

    rate = AUDIO_RATE
    _first = _next = 0

    def write(self, start: int, pcm: Pcm, sequence: int) -> None:
        """Records mono samples from sample `start` on; what is covered already is not recorded twice.

        Within a segment samples follow one another as the device counted them, however many it gave in that time.
        """
        early = min(len(pcm), max(0, self.covered - start)) if self._file is None else 0
        if early == len(pcm):
            return
        file = self._file
        if file is None:
            file = self._begin(start + early, sequence, self._coding.sound.codec, self._coding.sound)
            self._first = self._next = start + early
        file.write(self._next, pcm[early:])
        self._next += len(pcm) - early

    def _samples(self) -> int:
        return self._next - self._first


class PictureTrack(Track[PictureFile]):
    """A camera. Where its packets are kept, segments begin at its own keyframes, so a cut waits for the next one.

    Cameras with B-frames may give pictures behind a keyframe that are shown before it and made with those before it
    (open groups). They belong to its segment, whose range then begins with the first of them; without those before it,
    nobody can decode them.
    """

    rate = VIDEO_RATE

    def __init__(self, name: str, input_id: str, journal: Journal, covered: int, coding: Coding = EVIDENCE) -> None:
        super().__init__(name, input_id, journal, covered, coding)
        self._cut: int | None = None
        self._last: int | None = None
        self._shown_until = self._since = covered
        self._held: list[tuple[Picture, int]] = []
        """A keyframe to begin a segment with, and what is shown before it; each with the number of its segment."""

    def cut(self, at: int) -> None:
        """The next segment begins at tick `at`, or at the first keyframe after it."""
        self._cut = at

    def seal(self, end: int) -> None:
        if any(one.start < end for one, _ in self._held):
            self._renew()
        self._held = []
        super().seal(end)
        self._cut = None

    def abandon(self) -> None:
        self._held = []
        super().abandon()

    def show(self, picture: Picture, sequence: int, cause: GapCause, device_log: str) -> None:
        """Records a picture. `cause` and `device_log` explain a gap that may lie before it, longer than one picture."""
        # A file's stamps must rise: where a place was measured anew, pictures are late rather than lost.
        late = 0 if self._last is None else max(0, self._last + _LEAST - picture.decode_start)
        if late:
            picture = replace(picture, start=picture.start + late, decode_start=picture.decode_start + late)
        if self._held and picture.start >= self._held[0][0].start:
            self._renew()
        if self._held:
            self._hold(picture, sequence)
            return
        if self._file is not None and self._cut is not None and picture.keyframe and picture.start >= self._cut:
            if picture.decode_start < picture.start:
                self._cut = None
                self._hold(picture, sequence)
                return
            self.seal(self._cut if picture.format.kept is None else picture.start)
        if self._file is None:
            if not picture.keyframe or picture.start < self.covered:
                return
            if picture.start > self.covered + _duration(picture):
                self.gap(picture.start, cause, device_log)
            self._since = picture.start
        self._write(picture, sequence)

    def _hold(self, picture: Picture, sequence: int) -> None:
        self._held.append((picture, sequence))
        self._last = picture.decode_start

    def _renew(self) -> None:
        """Begins the segment of what is held."""
        held, self._held = self._held, []
        super().seal(min(one.start for one, _ in held))
        for picture, sequence in held:
            self._write(picture, sequence)

    def _write(self, picture: Picture, sequence: int) -> None:
        if picture.start < self._since:
            return
        form = picture.format
        file = self._file or self._begin(
            self.covered, sequence, form.codec, lambda path: self._coding.picture_file(path, form)
        )
        file.write(picture)
        self._last = picture.decode_start
        self._shown_until = max(self._shown_until, picture.start + _duration(picture))

    @property
    def shown_until(self) -> int:
        """The tick at which the last picture stops being shown."""
        return max([self.covered, self._shown_until, *(one.start + _duration(one) for one, _ in self._held)])


def _duration(picture: Picture) -> int:
    return round(VIDEO_RATE / picture.format.frames_per_second)
