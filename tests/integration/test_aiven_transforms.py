"""Aiven's own transforms and ours: one table of cases, the same results.

Their jar is in no registry, so that its answers were recorded; with the folder of its classes or jars in
``AIVEN_TRANSFORMS`` they are asked again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration import test_transform_oracle as oracle
from tests.oracle import aiven_cases as cases

if TYPE_CHECKING:
    from pathlib import Path


def different(theirs: list[Any]) -> dict[str, Any]:
    found = {}
    for case, expected in zip(cases.CASES, theirs, strict=True):
        mine = oracle.ours(case)
        name = f"{case.transform.removeprefix(cases.AIVEN)} {case.config}"
        if "error" in expected or "error" in mine:
            if oracle.comparable(expected) != oracle.comparable(mine):
                found[name] = (expected, mine)
            continue
        for record, java, python in zip(case.records, expected, mine, strict=True):
            if oracle.comparable(java, single=True) != oracle.comparable(python, single=True):
                found[f"{name} {record}"] = (java, python)
    return found


def test_every_case_gives_what_aiven_gives() -> None:
    found = {
        name: pair for name, pair in different(cases.answers()).items() if not cases.is_known(name, *pair)
    }
    shown = "\n".join(f"{name}\n   java {java}\n   ours {mine}" for name, (java, mine) in found.items())
    assert found == {}, f"{len(found)} differ\n{shown}"


def test_the_answers_are_still_aivens(tmp_path: Path) -> None:
    place = os.environ.get("AIVEN_TRANSFORMS")
    if not place:
        pytest.skip("AIVEN_TRANSFORMS names no folder with Aiven's transforms")
    asked = [
        {"class": case.transform, "config": case.config, "records": list(map(oracle.asked_of, case.records))}
        for case in cases.CASES
    ]
    assert cases.stored(oracle.asked(asked, tmp_path, place, f"{place}/*")) == cases.ANSWERS.read_text()
