from __future__ import annotations

from dataclasses import replace

import pytest

from connector.demo.summary import Summary

GOOD = Summary(
    produced=1000,
    found=1000,
    duplicates=0,
    missing=0,
    strangers=0,
    objects=4,
    size_bytes=2048,
    first_round_records=1000,
    first_round_seconds=2.0,
    peak_records_per_second=900.0,
    assume_role_calls=1,
)


def test_each_record_once_adds_up() -> None:
    assert GOOD.adds_up
    assert ("records/s over these", "500") in GOOD.rows()


@pytest.mark.parametrize(
    "fault", [{"found": 999}, {"duplicates": 1}, {"missing": 1}, {"strangers": 1}], ids=str
)
def test_anything_else_does_not(fault: dict[str, int]) -> None:
    assert not replace(GOOD, **fault).adds_up
