"""What lifecycle rules are worth; no server is asked."""

from __future__ import annotations

from typing import Any

import pytest

from connector.check import Outcome
from connector.sinks.s3.lifecycle import lifecycle_finding, state_finding

WEEK = {"DaysAfterInitiation": 7}


@pytest.mark.parametrize(
    "rule",
    [
        {"Status": "Enabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": WEEK},
        {"Status": "Enabled", "Filter": {"Prefix": "lake/"}, "AbortIncompleteMultipartUpload": WEEK},
        {"Status": "Enabled", "Prefix": "lake/", "AbortIncompleteMultipartUpload": WEEK},
        {"Status": "Enabled", "Filter": {"And": {"Prefix": "lake/"}}, "AbortIncompleteMultipartUpload": WEEK},
    ],
)
def test_a_rule_that_covers_the_objects_is_enough(rule: dict[str, Any]) -> None:
    found = lifecycle_finding([rule], ["lake/orders"])
    assert found.outcome is Outcome.OK
    assert "7 day" in found.detail


@pytest.mark.parametrize(
    "rule",
    [
        {"Status": "Disabled", "Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": WEEK},
        {"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}},
        {"Status": "Enabled", "Filter": {"Prefix": "sea/"}, "AbortIncompleteMultipartUpload": WEEK},
    ],
)
def test_a_rule_that_does_not_is_a_warning(rule: dict[str, Any]) -> None:
    found = lifecycle_finding([rule], ["lake/orders"])
    assert found.outcome is Outcome.WARNING
    assert "AbortIncompleteMultipartUpload" in found.remedy


def test_a_rule_that_ends_uploads_before_a_stopped_connector_may_come_back_is_a_warning() -> None:
    rule = {"Status": "Enabled", "Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
    found = lifecycle_finding([rule], ["lake/orders"])
    assert found.outcome is Outcome.WARNING
    assert "wait 7 days" in found.remedy
    assert lifecycle_finding([rule], ["lake/orders"], 0).outcome is Outcome.OK


def expiring(prefix: str, days: int = 30, status: str = "Enabled") -> dict[str, Any]:
    return {"Status": status, "Filter": {"Prefix": prefix}, "Expiration": {"Days": days}}


@pytest.mark.parametrize("prefix", ["", "_", "_ledger/"])
def test_a_rule_that_expires_state_after_a_month_is_enough(prefix: str) -> None:
    assert state_finding([expiring(prefix)], "_ledger/").outcome is Outcome.OK


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [expiring("_ledger/", status="Disabled")],
        [expiring("lake/")],
        [expiring("_ledger/one-connector/")],
        [{"Status": "Enabled", "Filter": {}, "AbortIncompleteMultipartUpload": WEEK}],
    ],
)
def test_state_that_nobody_may_delete_and_no_rule_expires_is_a_warning(rules: list[dict[str, Any]]) -> None:
    found = state_finding(rules, "_ledger/")
    assert found.outcome is Outcome.WARNING
    assert "--optional" in found.remedy


@pytest.mark.parametrize("prefix", ["", "_ledger/", "_ledger/orders/"])
def test_a_rule_that_expires_state_that_may_still_be_needed_is_a_warning(prefix: str) -> None:
    found = state_finding([expiring("_ledger/"), expiring(prefix, 7)], "_ledger/")
    assert found.outcome is Outcome.WARNING
    assert "still needed" in found.detail
