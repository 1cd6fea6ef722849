"""Which of many voices are the same person's: agglomerative clustering by the likeness of means. Pure.

`cluster` looks at all of them, and costs their number squared; `joined_to` adds a few to clusters that stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from transcribe.diarise.embedding import Vector

ALIKE = 0.6
"""So alike voices are one person's, whoever else there is. Prints of 3 s are 0.53 to 0.9 alike for the same person and
at most 0.4 for two; means of more are closer to their person's. Two women on one telephone line come to 0.5."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A voice heard for so many `seconds`; `name` where somebody said whose it is."""

    vector: Vector = field(repr=False)
    seconds: float
    name: str = ""


def cluster(samples: Sequence[Sample], most: int, enough: float) -> list[int]:
    """The cluster of each voice, numbered from 0 in the order in which they first appear.

    A cluster's voice is the mean of its voices by their seconds. The two most alike are joined while they are at least
    ALIKE, and while there are more than `most`. What was heard for less than `enough` seconds founds no cluster: it
    goes to the nearest in the end. Voices of one name are one from the start; of two names never.
    """
    founding = [at for at, one in enumerate(samples) if one.name or one.seconds >= enough] or list(range(len(samples)))
    if not founding:
        return []
    groups, means = _joined([samples[at] for at in founding], most)
    found = dict(zip(founding, groups, strict=True))
    for at, one in enumerate(samples):
        if at not in found:
            found[at] = max(means, key=lambda group: float(means[group] @ one.vector))
    order = {group: number for number, group in enumerate(dict.fromkeys(found[at] for at in range(len(samples))))}
    return [order[found[at]] for at in range(len(samples))]


def joined_to(
    standing: Sequence[tuple[Sample, int]], fresh: Sequence[Sample], most: int, enough: float, unused: int
) -> list[int]:
    """The cluster of each of the `fresh` voices, one after the other, where others `standing` have theirs already.

    A voice goes to the cluster whose mean it is most like. It founds one, of the next `unused` number, where it was
    heard for `enough` seconds, is like none, and there are fewer than `most`. What `cluster` tells of all of them
    together may differ.
    """
    sums: dict[int, NDArray[np.float64]] = {}
    for group in sorted({group for _, group in standing}):
        own = [one for one, its in standing if its == group]
        sums[group] = np.array([one.seconds for one in own]) @ np.stack([one.vector for one in own])
    found = []
    for one in fresh:
        likeness = {group: float(_units(total) @ one.vector) for group, total in sums.items()}
        group = max(likeness, key=lambda group: likeness[group], default=unused)
        apart = likeness.get(group, -1.0) < ALIKE and one.seconds >= enough and len(sums) < most
        if apart or not sums:
            group, unused = unused, unused + 1
        sums[group] = sums.get(group, 0.0) + one.vector.astype(np.float64) * one.seconds
        found.append(group)
    return found


def _joined(samples: Sequence[Sample], most: int) -> tuple[list[int], dict[int, NDArray[np.float64]]]:
    """The group of each sample, and the groups' means, 1 long."""
    names = [one.name for one in samples]
    group = np.array([names.index(name) if name else at for at, name in enumerate(names)])
    sums = np.zeros((len(samples), samples[0].vector.size))
    np.add.at(sums, group, np.stack([one.vector * one.seconds for one in samples]))
    left = np.unique(group)
    units = _units(sums)  # kept beside, as the nearest are
    likeness = np.full((len(samples), len(samples)), -np.inf)
    likeness[np.ix_(left, left)] = units[left] @ units[left].T
    with_name = [at for at in left if names[at]]
    likeness[np.ix_(with_name, with_name)] = -np.inf
    np.fill_diagonal(likeness, -np.inf)
    # Kept beside, so that joining n voices costs n² and not n³: no row's likeness is above its `nearest`, which is
    # looked up anew, once it is stale, only where it might be the highest of all.
    nearest = likeness.max(axis=1)
    stale = np.zeros(len(samples), np.bool_)
    for remaining in range(len(left), 1, -1):
        one = _most_alike(likeness, nearest, stale)
        other = int(likeness[one].argmax())
        if nearest[one] == -np.inf or (nearest[one] < ALIKE and remaining <= most):
            break
        if names[other]:
            one, other = other, one
        group[group == other] = one
        sums[one] += sums[other]
        units[one] = _units(sums[one])
        stale |= (likeness[:, one] == nearest) | (likeness[:, other] == nearest)
        fresh = np.where(np.isinf(likeness[one]), -np.inf, units @ units[one])
        fresh[other] = -np.inf
        likeness[one], likeness[:, one] = fresh, fresh
        likeness[other], likeness[:, other] = -np.inf, -np.inf
        stale &= fresh < nearest
        nearest = np.maximum(nearest, fresh)
        nearest[[one, other]] = fresh.max(), -np.inf
        stale[[one, other]] = False
    return group.tolist(), {at: units[at] for at in np.unique(group).tolist()}


def _most_alike(likeness: NDArray[np.float64], nearest: NDArray[np.float64], stale: NDArray[np.bool_]) -> int:
    """The first row with the highest likeness; those looked up for that are stale no more."""
    while stale[at := int(nearest.argmax())]:
        nearest[at], stale[at] = likeness[at].max(), False
    return at


def _units(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """The vectors (the last axis) made 1 long; zeros stay zeros."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float64)
