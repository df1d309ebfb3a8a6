"""Uploads that are open when somebody changes the committed offset do not stay in the bucket."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from connector.cluster.defaults import Defaults
from connector.cluster.offset_move import offsets_moved
from connector.record import TopicPartition
from connector.runtime.blueprint import draw
from connector.settings import WorkerSettings
from connector.sinks.base import OffsetAndMetadata
from connector.sinks.s3.ledger.encoding import StateObject, encode, encode_object, encode_reference
from connector.sinks.s3.ledger.state import State, UploadState

if TYPE_CHECKING:
    from connector.runtime.blueprint import Blueprint
    from connector.testing.aws import AwsServer

ORDERS = TopicPartition("orders", 0)
KEYS = ("open", "sealed")


@pytest.fixture
def blueprint(aws: AwsServer, bucket: str) -> Blueprint:
    raw = {
        "name": "lake",
        "connector.class": "s3",
        "topics": "orders",
        "aws.s3.bucket.name": bucket,
        "aws.s3.region": aws.region,
        "aws.s3.endpoint": aws.url,
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
    }
    return draw(raw, Defaults(WorkerSettings.of({"bootstrap.servers": "localhost:9092"}, {})))


def begun(aws: AwsServer, bucket: str) -> State:
    """A state with uploads that S3 has."""
    client = aws.client("s3")
    ids = {key: client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in KEYS}
    uploads = tuple(UploadState(key, ids[key], f"nonce-{key}", is_sealed=key == "sealed") for key in KEYS)
    return State(cut=7, bucket=bucket, uploads=uploads)


def under_way(aws: AwsServer, bucket: str) -> list[str]:
    found = aws.client("s3").list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    return sorted(upload["Key"] for upload in found)


async def test_uploads_that_the_metadata_name_are_aborted(
    blueprint: Blueprint, aws: AwsServer, bucket: str
) -> None:
    metadata = encode(begun(aws, bucket))
    assert metadata
    assert under_way(aws, bucket) == ["open", "sealed"]
    assert await offsets_moved(blueprint, {ORDERS: OffsetAndMetadata(3, metadata)})
    assert under_way(aws, bucket) == []


async def test_uploads_that_a_state_object_names_are_aborted_and_it_goes_too(
    blueprint: Blueprint, aws: AwsServer, bucket: str
) -> None:
    state = begun(aws, bucket)
    content = encode_object(state, {})
    aws.client("s3").put_object(Bucket=bucket, Key="_ledger/state", Body=content)
    metadata = encode_reference(state, StateObject("_ledger/state", hashlib.sha256(content).hexdigest()))
    assert await offsets_moved(blueprint, {ORDERS: OffsetAndMetadata(3, metadata)})
    assert under_way(aws, bucket) == []
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=bucket)


async def test_metadata_of_somebody_else_stop_nothing(blueprint: Blueprint, bucket: str) -> None:
    assert await offsets_moved(blueprint, {ORDERS: OffsetAndMetadata(3, "of another tool")})
