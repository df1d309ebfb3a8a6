"""The keys under which uploads are tried."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from connector.sinks.s3 import S3Config
from connector.sinks.s3.permissions import permissions
from connector.sinks.s3.probe import probe_key


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
