"""The runbook holds what it leads to: each code, and metrics and codes by the names they have."""

from __future__ import annotations

import re
from pathlib import Path

from connector.error_codes import ErrorCode

PAGE = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text()
METRICS = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()


def test_each_code_has_a_heading_that_its_pointer_leads_to() -> None:
    assert set(re.findall(r"^### ([a-z0-9-]+)$", PAGE, re.MULTILINE)) == set(ErrorCode)


def test_every_code_that_is_linked_to_exists() -> None:
    by_hand = PAGE.partition("<!-- generated")[0]
    linked = re.findall(r"\[([a-z0-9-]+)\]\(#([a-z0-9-]+)\)", by_hand)
    assert len(linked) > 10
    assert {anchor for _, anchor in linked} <= set(ErrorCode)
    assert all(text == anchor for text, anchor in linked)


def test_metrics_that_are_named_exist() -> None:
    named = set(re.findall(r"`(connector_[a-z_]+)`", PAGE))
    (pattern,) = re.findall(r"'\^connector_\(([a-z_|]+)\)'", PAGE)
    named |= {f"connector_{name}" for name in pattern.split("|")}
    assert {name for name in named if f"`{name}`" not in METRICS} == set()
