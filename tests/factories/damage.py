"""How damage to a court's evidence is told: where it is done, and what the verifier must say to it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from storage.errors import LedgerError
from storage.ledger import merkle
from storage.ledger.bundle import Bundle
from storage.ledger.ed25519 import SigningKey
from storage.ledger.faults import Fault, FaultKind
from storage.ledger.leaf import Leaf, SignedLeaf, entry_hash, parse, sign
from tests.factories.court_evidence import Evidence, Handed, Row
from tests.factories.court_log import Court
from tests.factories.hearing_log import STRANGER, where

T = TypeVar("T")
Draw = Callable[[SearchStrategy[T]], T]


@dataclass(frozen=True)
class Expected:
    """A fault of one of `kinds` at one of `places` (anywhere if there are none), whose sentence holds `words`."""

    kinds: frozenset[FaultKind]
    places: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def met_by(self, fault: Fault) -> bool:
        placed = not self.places or fault.where in self.places
        return fault.kind in self.kinds and placed and all(word in fault.sentence for word in self.words)


@dataclass(frozen=True)
class Damage:
    """`to_court` is what the court's own verifier must find, `to_copy` what that of the copy `handed` must, to which
    also something may have happened `on_the_way`.
    """

    what: str
    handed: Handed
    done: Callable[[Evidence], Evidence]
    to_court: tuple[Expected, ...]
    to_copy: tuple[Expected, ...]
    on_the_way: Callable[[Bundle], Bundle] = lambda bundle: bundle


def a(*kinds: FaultKind, at: str | tuple[str, ...] = (), words: tuple[str, ...] = ()) -> Expected:
    return Expected(frozenset(kinds), frozenset((at,) if isinstance(at, str) else at), words)


NOT_IN_THE_LOG = a(
    FaultKind.ALTERED,
    FaultKind.MISSING,
    FaultKind.REORDERED,
    at=("bundle", "bundle/checkpoint", "bundle/nodes", "bundle/copy"),
)
"""Of a copy: its entries, as they stand there, are not those under the log's signed root."""


@dataclass(frozen=True)
class Scene:
    """Where a deed is done: `row` is an entry of the log, mostly one of the hearing that was `handed` out."""

    court: Court
    handed: Handed
    row: Row
    draw: Draw[Any]

    @property
    def leaf(self) -> SignedLeaf:
        return self.court.leaf(self.row)

    @property
    def given(self) -> bool:
        return self.row.origin in self.handed.given

    @property
    def copied(self) -> bool:
        return self.row.origin in self.handed.own

    def chain(self) -> list[Row]:
        """All entries of the same author in the same hearing."""
        own, author = [row for row in self.court.rows if row.hearing == self.row.hearing], self.leaf.author
        return [row for row in own if self.court.leaf(row).author == author]


@dataclass(frozen=True)
class Deed:
    """`fits` says on which entries it can be done, `do` does it."""

    fits: Callable[[Court, SignedLeaf], bool]
    do: Callable[[Scene], Damage]


DEEDS: dict[str, Deed] = {}


def deed(
    fits: Callable[[Court, SignedLeaf], bool] = lambda court, leaf: True,
) -> Callable[[Callable[[Scene], Damage]], Callable[[Scene], Damage]]:
    def kept(do: Callable[[Scene], Damage]) -> Callable[[Scene], Damage]:
        DEEDS[do.__name__] = Deed(fits, do)
        return do

    return kept


class InTheNameOf:
    """The stranger's key under another's name."""

    def __init__(self, named: str) -> None:
        self.key_id, self.public = named, STRANGER.public

    def sign(self, message: bytes) -> bytes:
        return STRANGER.sign(message)


def exchanged(scene: Scene, what: str, entry: bytes, expected: Expected | None = None, in_copy: bool = True) -> Damage:
    """Another entry in the place of one; where not said otherwise it is named as altered."""
    origin = scene.row.origin
    if expected is None:
        expected = _named(scene.row.entry, entry)

    def change(rows: list[Row]) -> None:
        rows[origin] = replace(rows[origin], entry=entry)

    log = a(FaultKind.ALTERED, at=f"log/{origin}", words=(f"Entry {origin} ",))
    return along_or_not(
        scene, what, change, log, (expected,), (expected,) if scene.given and in_copy else (), scene.copied
    )


def rewritten(scene: Scene, what: str, entry: bytes, expected: tuple[Expected, ...], in_copy: bool = True) -> Damage:
    """Another entry in the place of one, and all that follow it in its chain linked and signed anew."""
    author, origin = scene.leaf.author, scene.row.origin
    key: SigningKey = scene.court.keys[author]

    def change(rows: list[Row]) -> None:
        head = entry_hash(entry)
        rows[origin] = replace(rows[origin], entry=entry)
        for place, row in enumerate(rows[origin + 1 :], origin + 1):
            if row.hearing == scene.row.hearing and parse(row.entry).author == author:
                anew = sign(replace(plain(parse(row.entry)), prev=head), key)
                rows[place] = replace(row, entry=anew)
                head = entry_hash(anew)

    log = a(FaultKind.ALTERED, at=f"log/{origin}", words=(f"Entry {origin} ",))
    of_copy = expected if scene.given and in_copy else ()
    return along_or_not(scene, what, change, log, expected, of_copy, scene.copied)


def along_or_not(
    scene: Scene,
    what: str,
    change: Callable[[list[Row]], Any],
    log: Expected,
    in_court: tuple[Expected, ...],
    in_copy: tuple[Expected, ...],
    hit: bool,
) -> Damage:
    """The change, with the stored tree taken along or not: then nobody can tell which entry it was, but that it was."""
    along = scene.draw(st.booleans())

    def done(evidence: Evidence) -> Evidence:
        rows = list(evidence.rows)
        change(rows)
        return replace(evidence, rows=tuple(rows), nodes=_tree(rows) if along else evidence.nodes)

    if along:
        log = a(FaultKind.ALTERED, FaultKind.TRUNCATED, words=("log", "signed checkpoint"))
    of_copy = (NOT_IN_THE_LOG, *in_copy) if hit else ()
    return Damage(f"{what}{', the tree along' * along}", scene.handed, done, (log, *in_court), of_copy)


def _named(before: bytes, after: bytes) -> Expected:
    kinds = (FaultKind.ALTERED, FaultKind.WRONG_KEY, FaultKind.FOREIGN)
    try:
        leaf = parse(after)
    except LedgerError:
        return a(FaultKind.ALTERED, words=(entry_hash(after), "is no leaf"))
    return a(*kinds, at=(where(before), where(after)), words=(f"eaf {leaf.seq}",))


def plain(leaf: SignedLeaf) -> Leaf:
    return Leaf(leaf.kind, leaf.hearing, leaf.author, leaf.seq, leaf.prev, leaf.at, leaf.body)


def _tree(rows: list[Row]) -> dict[tuple[int, int], bytes]:
    nodes: dict[tuple[int, int], bytes] = {}
    for index, row in enumerate(rows):
        for level, position, value in merkle.append(index, merkle.leaf_hash(row.entry), lambda *at: nodes[at]):
            nodes[level, position] = value
    return nodes
