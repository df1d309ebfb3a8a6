"""Where uploads are tried, and what lifecycle rules are worth; no server is asked."""

from __future__ import annotations

from typing import Any

import pytest

from connector.check import Outcome
from connector.sinks.s3 import S3Config
from connector.sinks.s3.check import lifecycle_finding, probe_key

WEEK = {"DaysAfterInitiation": 7}


def config(template: str) -> S3Config:
    return S3Config.parse({"aws.s3.bucket.name": "bucket", "file.name.template": template})


@pytest.mark.parametrize(
    ("template", "start"),
    [
        ("{{topic}}-{{partition}}-{{start_offset}}", "orders-0-0."),
        ("lake/{{topic}}/{{partition}}-{{start_offset:padding=true}}.gz", f"lake/orders/0-{0:020}.gz."),
        ("by-key/{{key}}", "by-key/connector-check."),
    ],
)
def test_an_upload_is_tried_where_objects_of_the_topic_go(template: str, start: str) -> None:
    assert probe_key(config(template), "orders").startswith(start + "connector-check-")


def test_no_two_uploads_are_tried_under_the_same_key() -> None:
    options = config("{{key}}")
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
