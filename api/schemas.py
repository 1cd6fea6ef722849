"""What the API answers with. Times on the hearing's timeline are seconds since its recording began."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from court.hearing import HearingState
from court.openness import Openness


class Problem(BaseModel):
    """Every refusal: one sentence for a person."""

    detail: str


class StoredObject(BaseModel):
    sha256: str
    size: int = Field(description="Bytes.")
    key: str = Field(description="Name in the write-once store.")
    version: str = Field(description="Version the store gave it.")


class PartialObject(BaseModel):
    """How far a delivery has come."""

    received: int = Field(description="Bytes from the object's beginning that are here.")
    stored: bool = Field(description="Whether the whole object is stored.")


class PartProblem(Problem):
    received: int = Field(description="Bytes that are here: go on from there.")


class CheckRequest(BaseModel):
    """Objects to be read back, by SHA-256."""

    objects: list[str] = Field(min_length=1, max_length=32)


class CheckedObjects(BaseModel):
    whole: list[str] = Field(
        description="Those whose entry is in the log and whose stored bytes, read back just now in the version that "
        "was acknowledged, hash to their name."
    )


class LeafBatch(BaseModel):
    """Signed ledger entries of one author, in the order of their chains."""

    entries: list[str] = Field(min_length=1, max_length=1000, description="Canonical JSON, each in base64.")
    public_key: str = Field(description="The author's raw Ed25519 public key in base64.")
    given_up: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(
        default=[],
        max_length=1000,
        description="SHA-256 of microphones' segments whose bytes the node lost: their entries are taken without them, "
        "and the court states that they have not arrived.",
    )


class LeavesAccepted(BaseModel):
    next_seq: dict[str, int] = Field(description="Per hearing, the number of the entry that comes next.")


class Enrolment(BaseModel):
    """What a node shows to be enrolled."""

    code: str = Field(max_length=64, description="The one-time code that `courtrec node code` gave.")
    name: str = Field(max_length=200, description="The node's own name.")
    public_key: str = Field(max_length=64, description="The node's raw Ed25519 public key in base64.")
    proof: str = Field(max_length=128, description="Signature in base64: the node has the private half.")


class EnrolledNode(BaseModel):
    node: str = Field(description="Id of the node's key.")
    room: str
    token: str = Field(description="What the node shows from now on: Authorization: Bearer TOKEN.")
    log_key: str = Field(description="The log's verifier key: NAME+HASH+KEY.")
    room_file: str = Field(description="Text of the room's file, empty where the server has none.")


class KnownNode(BaseModel):
    node: str = Field(description="Id of the node's key.")
    room: str = Field(description="For which it was enrolled, empty for any.")


class ForkProblem(Problem):
    expected_seq: int = Field(description="The number of the entry that comes next.")


class HearingSummary(BaseModel):
    id: str
    case_number: str
    case_title: str
    court: str
    room: str
    judge: str
    secretary: str
    language: str
    state: HearingState
    started_at: datetime
    ended_at: datetime | None
    duration: float = Field(description="Seconds recorded or declared so far.")
    openness: Openness = Field(description="Closed if any part of the hearing is.")


class Word(BaseModel):
    text: str
    start: float
    end: float
    probability: float | None = Field(description="None where a person wrote the word.")


class CorrectionView(BaseModel):
    """What a person did to a line last, and what the machine had made of it. `undo`: it is the machine's again."""

    deed: str
    by: str
    at: datetime
    machine: str


class UtteranceView(BaseModel):
    id: str = Field(description="Of the line as it is: a correction puts another in its place.")
    start: float
    end: float
    track: str
    role: str
    text: str
    words: list[Word]
    language: str
    other_language: str = Field("", description="Another language that is nearly as probable.")
    other_text: str = Field("", description="The text in the other language; empty where nothing here recognises it.")
    flags: list[str] = Field(description="Reasons to doubt the text.")
    voice: int = Field(0, description="Which of the people who share the microphone; 0: nobody told them apart.")
    speaker: str = Field("", description="Whose voice it is, where the court has said so.")
    vouched: bool = Field(False, description="A person wrote the words or confirmed them.")
    correction: CorrectionView | None = None


class SearchHit(BaseModel):
    hearing: str
    case_number: str
    line: UtteranceView


class SearchResult(BaseModel):
    hits: list[SearchHit]
    more: bool = Field(description="There are further lines that the caller may read.")


class Transcript(BaseModel):
    hearing: str
    complete: bool = Field(description="The hearing has ended and all of it was transcribed.")
    withheld: int = Field(description="How many utterances the caller may not read here.")
    utterances: list[UtteranceView]


class SegmentView(BaseModel):
    sequence: int
    start: float
    end: float
    partial: bool = Field(description="Cut short by a fault; the written part plays.")
    playable: bool = Field(description="Whether the caller may hear or see it here.")
    spare: bool = Field(False, description="Taken from the spare recording, where the first node has a hole.")


class TrackView(BaseModel):
    track: str
    kind: str
    role: str
    derived: bool = Field(description="Made from other tracks for listening; no evidence of its own.")
    segments: list[SegmentView]


class GapView(BaseModel):
    track: str
    start: float
    end: float
    cause: str
    declared: bool = Field(description="Ordered by the court; otherwise a fault.")


class NoteView(BaseModel):
    at: float
    template: str
    text: str


class FillView(BaseModel):
    """A stretch of a track that the spare node recorded and the first did not; its ends are the seams."""

    track: str
    start: float
    end: float
    spare: str = Field(description="The spare recording: a hearing of the log.")
    uncertainty: float = Field(description="Seconds by which the stretch may lie earlier or later.")
    heard: bool = Field(description="Placed by the sound that both nodes recorded; else by their clocks alone.")


class MuteView(BaseModel):
    """A stretch in which the secretary had declared the microphone muted; it was recorded all the same."""

    track: str
    start: float
    end: float | None = Field(description="None: to the end.")


class Timeline(BaseModel):
    hearing: str
    state: HearingState
    duration: float
    tracks: list[TrackView]
    gaps: list[GapView]
    fills: list[FillView] = []
    mutes: list[MuteView]
    notes: list[NoteView]
    utterances: list[UtteranceView]


class Proof(BaseModel):
    """Shows that the entry stands in the log (RFC 6962 §2.1); hashes in hex, the entry's sibling first."""

    leaf_hash: str
    index: int
    path: list[str]
    checkpoint: str = Field(description="The signed statement of size and root (C2SP tlog-checkpoint).")


class SignatureView(BaseModel):
    """One signature of a protocol."""

    signer: str = Field(description="The name in the certificate.")
    role: str = Field(description="secretary or judge; empty on protocols of before both signed.")
    level: str = Field(description="Of PAdES: B-B, B-T or B-LT; empty where it was not noted.")
    at: datetime


class Verdict(BaseModel):
    """What the ledger says about a hash. It never holds content."""

    verdict: str = Field(description="genuine, draft (ours, but not signed), unknown or altered.")
    sentence: str
    sha256: str
    what: str = Field("", description="segment, protocol draft, signed protocol or copy; empty if unknown.")
    hearing: str = ""
    track: str = ""
    number: int | None = Field(None, description="Of the segment in its track, the protocol's revision, or the copy.")
    recorded_at: datetime | None = Field(None, description="When the author stated it.")
    received_at: datetime | None = Field(
        None, description="Before when the court had not received it, if that is notably later."
    )
    signatures: list[SignatureView] = Field([], description="Of a signed protocol, in their order.")
    replaced_by: int | None = Field(None, description="The signed revision that stands in this protocol's place now.")
    proof: Proof | None = None


class CheckpointView(BaseModel):
    size: int
    root: str
    checkpoint: str
    log_key: str = Field(description="Raw Ed25519 public key of the log, base64.")


class LogKey(BaseModel):
    key: str = Field(description="Verifier key as C2SP signed-note defines it: name+hash+key.")
    replaced: str = Field(description="Empty, or the note in which this key and the next one say that it was replaced.")


class Health(BaseModel):
    status: str
    database: bool
    store: str = Field(
        description="What the store's newest canary showed: write-once, not write-once (no new hearing is opened), not "
        "reached; or not tried."
    )


class LiveLine(BaseModel):
    """An utterance as far as the worker for live text knows it: see transcribe/live/listener.py."""

    id: str = Field(max_length=80)
    track: str = Field(max_length=80)
    role: str = Field(max_length=40)
    sequence: int = Field(ge=0)
    start: float = Field(ge=0)
    end: float = Field(ge=0)
    stable: str = Field("", max_length=4000)
    rest: str = Field("", max_length=4000)
    final: bool
    flags: list[str] = Field([], max_length=20)


class LiveOrder(BaseModel):
    """An order on openness, in seconds of the recording's own timeline."""

    start: float
    end: float | None
    openness: Openness


class LiveReport(BaseModel):
    """What the worker for live text tells: `worker` names its run, `state` how it is, `recording` what it listens to,
    empty where nothing is recorded. `orders` are all that the node knew of when it gave the sound of `lines`."""

    worker: str = Field(max_length=64)
    state: Literal["on", "idle", "late", "no_model"]
    recording: str = Field("", max_length=64)
    spare_of: str = Field("", max_length=64)
    orders: list[LiveOrder] = Field([], max_length=10_000)
    lines: list[LiveLine] = Field([], max_length=100)


class ProtocolToSign(BaseModel):
    """What one person is to sign, and how the court wants it."""

    role: str = Field(description="`secretary` or `judge`.")
    person: str = Field(description="Whose certificate it must be: the name of the account.")
    level: str = Field(description="PAdES level: `B-B`, `B-T` or `B-LT`.")
    form: str
    language: str
    zone: str = Field(description="The court's time zone, as `Asia/Bishkek`.")
    pdf: str = Field(description="Base64.")


class SignedPdf(BaseModel):
    """The protocol that was to be signed with one signature more, nothing else changed."""

    pdf: str = Field(description="Base64.", max_length=128 << 20)


class SignedProtocol(BaseModel):
    revision: int
    sha256: str
    signer: str = Field(description="The name in the certificate.")
    level: str = Field(description="PAdES level of the signature.")
