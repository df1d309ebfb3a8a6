"""The judge of the rounds sees every fault that it is to see; and a seed is a plan."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.chaos.distributed.plan import draw as draw_cluster
from tests.chaos.plan import draw
from tests.chaos.profile import PROFILES
from tests.chaos.source import Record, digest
from tests.chaos.verify import Verdict, verify

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = [b"v-%d" % number for number in range(6)]
TOPIC = {0: {offset: Record("k0", 0, digest(value)) for offset, value in enumerate(VALUES)}}


def name(start: int, group: str = "all") -> str:
    return f"t/{group}/0/{start:020}"


def rows(*offsets: int) -> bytes:
    return b"\n".join(b"%s,%d" % (VALUES[offset], offset) for offset in offsets)


def faults(objects: dict[str, bytes], profile: str = "records") -> dict[str, int]:
    verdict = verify(objects, TOPIC, PROFILES[profile])
    return {fault: count for fault in verdict.FAULTS if (count := getattr(verdict, fault))}


def test_every_record_in_one_object_in_order_is_right() -> None:
    assert faults({name(0): rows(0, 1, 2), name(3): rows(3, 4, 5)}) == {}


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ({name(0): rows(0, 1, 2)}, {"lost": 3}),
        ({name(0): rows(0, 1, 2, 2, 3, 4, 5)}, {"doubled": 1}),
        ({name(0): rows(0, 1, 2, 3), name(3): rows(3, 4, 5)}, {"doubled": 1}),
        ({name(0): rows(0, 2, 1, 3, 4, 5)}, {"out_of_order": 1}),
        ({name(0): rows(0, 1, 3, 4, 5), name(2): rows(2)}, {"out_of_order": 1}),
        ({name(0): rows(0, 1, 2, 3, 4, 5), "t/all/0/x": b""}, {"undecodable": 1}),
        ({name(0): rows(0, 1, 2), name(3): b"{"}, {"lost": 3, "undecodable": 1}),
        ({name(0): rows(0, 1, 2, 3, 4, 5) + b"\nv-9,6"}, {"foreign": 1}),
        ({name(0): rows(0, 1, 2, 3, 4) + b"\nv-9,5"}, {"foreign": 1}),
        ({name(1): rows(0, 1, 2, 3, 4, 5)}, {"misplaced": 1}),
    ],
)
def test_whatever_is_wrong_with_objects_is_counted(
    objects: dict[str, bytes], expected: dict[str, int]
) -> None:
    assert faults(objects) == expected


def test_record_in_the_object_of_another_key_is_misplaced() -> None:
    lines = [b'{"value":"v-%d","offset":%d}' % (offset, offset) for offset in range(6)]
    right, wrong = gzip.compress(b"\n".join(lines[:5])), gzip.compress(lines[5])
    assert faults({name(0, "k0"): right, name(5, "k1"): wrong}, "keys") == {"misplaced": 1}


def test_frames_that_follow_each_other_are_one_object() -> None:
    lines = [b'{"value":"v-%d","offset":%d}' % (offset, offset) for offset in range(6)]
    content = gzip.compress(b"\n".join(lines[:3]) + b"\n") + gzip.compress(b"\n".join(lines[3:]))
    assert faults({name(0, "k0"): content}, "keys") == {}


@pytest.mark.parametrize("of", [draw, draw_cluster])
def test_seed_is_a_plan(of: Callable[[int], object]) -> None:
    for seed in range(50):
        assert str(of(seed)) == str(of(seed))
    assert len({str(of(seed)) for seed in range(50)}) == 50


def test_what_is_found_of_two_topics_adds_up() -> None:
    both = Verdict(produced=1, lost=1, examples=["lost: 0/0"])
    both.add(Verdict(produced=2, doubled=1, examples=["doubled: 0/1"]))
    assert both == Verdict(produced=3, lost=1, doubled=1, examples=["lost: 0/0", "doubled: 0/1"])
