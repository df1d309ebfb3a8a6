"""The proxy's decisions, without a network: which operation a request is, and what the script has for it."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from connector.testing.proxy import FOREVER, Answer, ApiRequest, FaultScript

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("POST", "/bucket/a/b.gz?uploads", "CreateMultipartUpload"),
        ("PUT", "/bucket/a/b.gz?partNumber=1&uploadId=x", "UploadPart"),
        ("POST", "/bucket/a/b.gz?uploadId=x", "CompleteMultipartUpload"),
        ("DELETE", "/bucket/a/b.gz?uploadId=x", "AbortMultipartUpload"),
        ("GET", "/bucket/a/b.gz?uploadId=x&max-parts=10", "ListParts"),
        ("GET", "/bucket?uploads", "ListMultipartUploads"),
        ("GET", "/bucket/?uploads=&prefix=a", "ListMultipartUploads"),
        ("PUT", "/bucket/key", "PutObject"),
        ("GET", "/bucket/key", "GetObject"),
        ("HEAD", "/bucket/key", "HeadObject"),
        ("DELETE", "/bucket/key", "DeleteObject"),
        ("HEAD", "/bucket", "HeadBucket"),
        ("HEAD", "/bucket/", "HeadBucket"),
        ("GET", "/bucket?list-type=2&prefix=uploads", "ListObjectsV2"),
        ("PUT", "/bucket", "CreateBucket"),
        ("GET", "/", "ListBuckets"),
        ("PATCH", "/bucket/key", "Unknown"),
    ],
)
def test_s3_operation_is_told_by_method_path_and_query(method: str, target: str, operation: str) -> None:
    assert ApiRequest(method, target).operation == operation


def test_key_that_looks_like_a_query_does_not_change_the_operation() -> None:
    request = ApiRequest("PUT", "/bucket/why%3Fuploads")
    assert (request.operation, request.bucket, request.key) == ("PutObject", "bucket", "why?uploads")


@pytest.mark.parametrize("action", ["AssumeRole", "GetCallerIdentity"])
def test_query_protocol_names_its_operation_in_the_form(action: str) -> None:
    request = ApiRequest("POST", "/", FORM, f"Action={action}&Version=2011-06-15".encode())
    assert request.operation == action


def test_query_protocol_may_name_its_operation_in_the_url() -> None:
    assert ApiRequest("GET", "/?Action=AssumeRole&RoleArn=x").operation == "AssumeRole"


def test_json_protocol_names_its_operation_in_the_target_header() -> None:
    request = ApiRequest("POST", "/", {"x-amz-target": "Kinesis_20131202.PutRecords"})
    assert request.operation == "PutRecords"


def test_fault_strikes_as_often_as_told_and_only_its_operation() -> None:
    script = FaultScript()
    script.fail("UploadPart", times=2)
    part = ApiRequest("PUT", "/b/k?uploadId=x&partNumber=1")
    assert script.plan(ApiRequest("PUT", "/b/k")).ending is None
    assert [script.plan(part).ending is not None for _ in range(3)] == [True, True, False]


def test_fault_strikes_only_requests_that_match() -> None:
    script = FaultScript()
    script.cut("PutObject", match=lambda request: request.key == "second")
    assert script.plan(ApiRequest("PUT", "/b/first")).ending is None
    assert script.plan(ApiRequest("PUT", "/b/second")).ending is not None


def test_star_strikes_any_operation() -> None:
    script = FaultScript()
    script.cut("*", times=FOREVER)
    assert all(script.plan(ApiRequest(method, "/b/k")).ending for method in ("GET", "PUT", "HEAD"))


def test_first_ending_wins_and_the_second_is_kept_for_later() -> None:
    script = FaultScript()
    script.fail("PutObject", code="First")
    script.fail("PutObject", code="Second")
    put = ApiRequest("PUT", "/b/k")
    assert b"First" in _body(script, put)
    assert b"Second" in _body(script, put)


def test_delays_add_up_and_go_with_an_ending() -> None:
    script = FaultScript()
    script.delay("PutObject", 1)
    script.delay("PutObject", 2, times=1)
    script.fail("PutObject")
    plan = script.plan(ApiRequest("PUT", "/b/k"))
    assert plan.delay_seconds == 3
    assert plan.ending is not None
    assert script.plan(ApiRequest("PUT", "/b/k")).delay_seconds == 1


def test_hook_is_planned_for_its_operation() -> None:
    script = FaultScript()
    answer = Answer(200)
    script.on("PutObject", lambda _request: answer, times=1)
    (hook,) = script.plan(ApiRequest("PUT", "/b/k")).hooks
    assert hook(ApiRequest("PUT", "/b/k")) is answer
    assert script.plan(ApiRequest("PUT", "/b/k")).hooks == ()


def _struck(script: FaultScript) -> list[bool]:
    return [script.plan(ApiRequest("PUT", "/b/k")).ending is not None for _ in range(1000)]


def test_probability_strikes_its_share_and_repeats_with_the_same_seed() -> None:
    scripts = [FaultScript(seed) for seed in (1, 1, 2)]
    for script in scripts:
        script.fail("PutObject", probability=0.1)
    first, same, other = (_struck(script) for script in scripts)
    assert first == same != other
    assert 60 < sum(first) < 140


def test_cleared_script_leaves_requests_alone() -> None:
    script = FaultScript()
    script.fail("*", times=FOREVER)
    script.delay("*", 1)
    script.throttle(1)
    script.clear()
    plan = script.plan(ApiRequest("PUT", "/b/k"))
    assert (plan.delay_seconds, plan.ending, script.bytes_per_second) == (0, None, None)


def test_error_of_s3_has_s3s_form() -> None:
    script = FaultScript()
    script.fail("PutObject", code="SlowDown", message="a < b")
    error = ET.fromstring(_body(script, ApiRequest("PUT", "/b/k")))
    assert (error.tag, error.findtext("Code"), error.findtext("Message")) == ("Error", "SlowDown", "a < b")


def test_error_of_the_query_protocol_has_its_form() -> None:
    script = FaultScript()
    script.fail("AssumeRole", code="Throttling")
    error = ET.fromstring(_body(script, ApiRequest("POST", "/", FORM, b"Action=AssumeRole")))
    assert (error.tag, error.findtext("Error/Code")) == ("ErrorResponse", "Throttling")


def test_error_of_the_json_protocol_has_its_form() -> None:
    script = FaultScript()
    script.fail("PutRecords", code="InternalFailure", message="why")
    headers = {"x-amz-target": "Kinesis_20131202.PutRecords", "content-type": "application/x-amz-json-1.1"}
    body = _body(script, ApiRequest("POST", "/", headers))
    assert json.loads(body) == {"__type": "InternalFailure", "message": "why"}


def _body(script: FaultScript, request: ApiRequest) -> bytes:
    ending = script.plan(request).ending
    assert ending is not None
    assert ending.answer is not None
    return ending.answer.body
