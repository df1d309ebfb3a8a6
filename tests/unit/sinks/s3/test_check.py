"""Where uploads are tried, and what lifecycle rules are worth; no server is asked."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from connector.check import Outcome
from connector.sinks.s3 import S3Config
from connector.sinks.s3.lifecycle import lifecycle_finding, state_finding
from connector.sinks.s3.permissions import permissions
from connector.sinks.s3.probe import probe_key

WEEK = {"DaysAfterInitiation": 7}


def config(template: str) -> S3Config:
    return S3Config.parse({"aws.s3.bucket.name": "bucket", "file.name.template": template})


@pytest.mark.parametrize(
    ("template", "form"),
    [
        ("{{topic}}-{{partition}}-{{start_offset}}", r"orders-0-\d{19}"),
        ("{{topic}}/{{partition}}/{{start_offset:padding=true}}.gz", r"orders/0/0\d{19}\.gz"),
        ("{{partition}}-{{start_offset}}-{{topic}}", r"0-\d{19}-orders"),
        ("by-key/{{key}}.gz", r"by-key/connector-check-[0-9a-f]{32}\.gz"),
    ],
)
def test_an_upload_is_tried_under_a_key_of_the_form_that_objects_have(template: str, form: str) -> None:
    options = config(template)
    key = probe_key(options, "orders")
    assert re.fullmatch(form, key)
    for statement in permissions(options, ["orders"])[:2]:
        assert any(fnmatchcase(f"arn:aws:s3:::bucket/{key}", resource) for resource in statement.resources)


def test_no_two_uploads_are_tried_under_the_same_key() -> None:
    for options in (config("{{key}}"), config("{{topic}}-{{partition}}-{{start_offset}}")):
        assert probe_key(options, "t") != probe_key(options, "t")


def test_the_key_of_a_tried_upload_is_one_that_s3_takes() -> None:
    assert len(probe_key(config("ä" * 505 + "{{key}}"), "t").encode()) <= 1024


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
