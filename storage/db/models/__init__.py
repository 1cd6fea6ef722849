"""All tables, by subject."""

from storage.db.models.accounts import Grant, Session, User
from storage.db.models.checks import ObjectCheck, StoreCanary
from storage.db.models.copies import Copy, CopyFile
from storage.db.models.corrections import Correction, LineWords
from storage.db.models.hearing import Gap, Hearing, NoteRow, OpennessRow, Segment, StateChange
from storage.db.models.log import Checkpoint, LogEntry, LogHead, MerkleNode, PublicKey, StoredObjectRow, Timestamp
from storage.db.models.protocols import ProtocolComment, ProtocolEdit
from storage.db.models.remarks import RemarkStep
from storage.db.models.retention import DestructionAct
from storage.db.models.voices import VoicePrint, VoiceVector
from storage.db.models.work import OutboxRow, PaperTask, Protocol, TranscriptRun, Utterance, Window

__all__ = [
    "Checkpoint",
    "Copy",
    "CopyFile",
    "Correction",
    "DestructionAct",
    "Gap",
    "Grant",
    "Hearing",
    "LineWords",
    "LogEntry",
    "LogHead",
    "MerkleNode",
    "NoteRow",
    "ObjectCheck",
    "OpennessRow",
    "OutboxRow",
    "PaperTask",
    "Protocol",
    "ProtocolComment",
    "ProtocolEdit",
    "PublicKey",
    "RemarkStep",
    "Segment",
    "Session",
    "StateChange",
    "StoreCanary",
    "StoredObjectRow",
    "Timestamp",
    "TranscriptRun",
    "User",
    "Utterance",
    "VoicePrint",
    "VoiceVector",
    "Window",
]
