"""Compares what is visible in the bucket with what the topic has; pure but for the reading of objects."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.chaos.profile import UndecodableError, hour_of
from tests.chaos.source import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.chaos.profile import Place, Profile, Row
    from tests.chaos.source import Record

_EXAMPLES = 3


@dataclass
class Verdict:
    """How many records or objects are as they must not be; all zero is right.

    Attributes:
        produced: Records of the topic; those of aborted transactions are none.
        found: Records in visible objects, each as often as it is there.
        objects: Visible objects.
        lost: Records in no object.
        doubled: Records in more than one place, counted once for each further place.
        out_of_order: Records before an earlier one, in their object or in those of its group.
        undecodable: Objects.
        foreign: Rows that are no record of the topic: aborted, or with another value.
        misplaced: Records in an object of another group, and objects whose name has another first offset.
        examples: The first of each fault.
    """

    produced: int = 0
    found: int = 0
    objects: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    undecodable: int = 0
    foreign: int = 0
    misplaced: int = 0
    examples: list[str] = field(default_factory=list)

    FAULTS = ("lost", "doubled", "out_of_order", "undecodable", "foreign", "misplaced")

    @property
    def is_right(self) -> bool:
        return not any(getattr(self, name) for name in self.FAULTS)

    def note(self, fault: str, example: str, count: int = 1) -> None:
        seen = getattr(self, fault)
        setattr(self, fault, seen + count)
        if count and seen < _EXAMPLES:
            self.examples.append(f"{fault}: {example}")

    def add(self, other: Verdict) -> None:
        """What was found of another topic."""
        for name, count in other.figures().items():
            setattr(self, name, getattr(self, name) + count)
        self.examples += other.examples

    def figures(self) -> dict[str, int]:
        return {found.name: getattr(self, found.name) for found in fields(self) if found.name != "examples"}


def verify(
    objects: Mapping[str, bytes], topic: Mapping[int, Mapping[int, Record]], profile: Profile
) -> Verdict:
    """Every record of the topic is in one object, once, in order, and nothing else is.

    Args:
        objects: The visible ones, by key.
        topic: Its records, by partition and offset.
        profile: How objects are read.
    """
    verdict = Verdict(produced=sum(map(len, topic.values())), objects=len(objects))
    found: dict[int, Counter[int]] = defaultdict(Counter)
    where: dict[tuple[int, int], list[str]] = defaultdict(list)
    groups: dict[tuple[int, str], list[tuple[int, int, str]]] = defaultdict(list)
    for key in sorted(objects):
        try:
            place, rows = profile.place(key), profile.rows(objects[key])
        except UndecodableError as error:
            verdict.note("undecodable", f"{key}: {error}")
            continue
        _look_at(rows, key, place, topic.get(place.partition, {}), profile, verdict)
        offsets = [row.offset for row in rows]
        found[place.partition].update(offsets)
        for offset in offsets:
            where[place.partition, offset].append(key)
        groups[place.partition, place.group].append((min(offsets), max(offsets), key))
    for partition, records in topic.items():
        _compare(partition, records, found[partition], where, verdict)
    for ranges in groups.values():
        _look_at_order(sorted(ranges), verdict)
    return verdict


def _look_at(
    rows: list[Row],
    key: str,
    place: Place,
    records: Mapping[int, Record],
    profile: Profile,
    verdict: Verdict,
) -> None:
    if not rows or rows[0].offset != place.start:
        verdict.note("misplaced", f"{key} begins with {rows[0].offset if rows else 'nothing'}")
    before = -1
    for row in rows:
        if row.offset < before:
            verdict.note("out_of_order", f"{key} has {row.offset} after {before}")
        before = row.offset
        record = records.get(row.offset)
        if record is None or record.digest != digest(row.value):
            verdict.note("foreign", f"{key} has {row.offset} with {row.value[:20]!r}")
        elif place.group != _group(record, profile, place.group):
            verdict.note("misplaced", f"{key} has {row.offset} of {_group(record, profile, place.group)}")
    verdict.found += len(rows)


def _group(record: Record, profile: Profile, otherwise: str) -> str:
    match profile.group_by:
        case "key":
            return record.key
        case "hour":
            return hour_of(record.timestamp_ms)
        case _:
            return otherwise


def _compare(
    partition: int,
    records: Mapping[int, Record],
    found: Counter[int],
    where: Mapping[tuple[int, int], list[str]],
    verdict: Verdict,
) -> None:
    for offset in records:
        times = found[offset]
        if not times:
            verdict.note("lost", f"{partition}/{offset}")
        elif times > 1:
            verdict.note("doubled", f"{partition}/{offset} in {where[partition, offset]}", times - 1)


def _look_at_order(ranges: list[tuple[int, int, str]], verdict: Verdict) -> None:
    """Objects of one group follow each other."""
    for (_, last, earlier), (first, _, later) in pairwise(ranges):
        if first < last:
            verdict.note("out_of_order", f"{later} begins with {first}, {earlier} ends with {last}")
