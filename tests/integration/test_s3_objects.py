"""What objects are stored with, on moto; behind the proxy where moto forgets what it was asked."""

from __future__ import annotations

import base64
import gzip
import hashlib
import ssl
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from connector.errors import AccessError
from connector.record import Record, RecordBatch, TopicPartition
from connector.sinks.s3 import S3Config, S3Sink
from connector.testing.certificate import certificate
from connector.testing.proxy import Answer
from connector.testing.sink import running as running_in_task

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from connector.testing.aws import AwsServer
    from connector.testing.proxy import ApiRequest, FaultProxy

PARTITION = TopicPartition("t", 0)
LINE = b"x" * 1023
SMALL, LARGE = 10, 5 * 1024 + 10
CUSTOMER_KEY = b"k" * 32


def running_sink(
    url: str, aws: AwsServer, bucket: str, options: dict[str, str]
) -> AbstractAsyncContextManager[S3Sink]:
    raw = {
        "aws.access.key.id": aws.access_key_id,
        "aws.secret.access.key": aws.secret_access_key,
        "aws.s3.bucket.name": bucket,
        "delivery.guarantee": "at-least-once",
        "aws.s3.endpoint": url,
        "aws.s3.backoff.delay.ms": "10",
        "aws.s3.backoff.max.delay.ms": "50",
        "format.output.fields.value.encoding": "none",
        "file.compression.type": "none",
        **options,
    }
    return running_in_task(S3Sink(S3Config.parse(raw)), [PARTITION], may_fail=True)


async def store(url: str, aws: AwsServer, bucket: str, options: dict[str, str], count: int = SMALL) -> None:
    async with running_sink(url, aws, bucket, options) as sink:
        await sink.put(lines(count))
        await sink.flush()
        assert sink.committable() == {PARTITION: count}


def lines(count: int) -> RecordBatch:
    return RecordBatch.of(PARTITION, [Record(offset, None, LINE) for offset in range(count)])


def head(aws: AwsServer, bucket: str, key: str = "t-0-0", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("s3").head_object(Bucket=bucket, Key=key, **more)
    return found


@pytest.fixture
def asked(proxy: FaultProxy) -> dict[str, list[ApiRequest]]:
    """Every request that went through the proxy, by operation."""
    seen: dict[str, list[ApiRequest]] = defaultdict(list)
    proxy.on("*", lambda request: seen[request.operation].append(request))
    return seen


def sent(request: ApiRequest) -> dict[str, str]:
    """The headers that options make."""
    kept = ("x-amz-server-side", "x-amz-storage", "x-amz-acl", "x-amz-tag", "x-amz-meta", "x-amz-expected")
    more = {"content-type", "content-encoding", "if-none-match", "x-amz-request-payer"}
    return {name: value for name, value in request.headers.items() if name.startswith(kept) or name in more}


EVERYTHING = {
    "aws.s3.sse.algorithm": "aws:kms",
    "aws.s3.sse.kms.key.id": "arn:aws:kms:us-east-1:123456789012:key/k",
    "aws.s3.sse.bucket.key.enabled": "true",
    "aws.s3.object.storage.class": "STANDARD_IA",
    "aws.s3.object.acl": "bucket-owner-full-control",
    "aws.s3.object.tags": "topic={{topic}},from=a b,part={{partition:padding=true}}",
    "aws.s3.object.metadata": "First={{start_offset}}",
    "aws.s3.object.content.type": "text/plain",
    "aws.s3.requester.pays": "true",
    "aws.s3.expected.bucket.owner": "123456789012",
}
CREATED_WITH = {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:us-east-1:123456789012:key/k",
    "x-amz-server-side-encryption-bucket-key-enabled": "true",
    "x-amz-storage-class": "STANDARD_IA",
    "x-amz-acl": "bucket-owner-full-control",
    "x-amz-tagging": "topic=t&from=a+b&part=0000000000",
    "x-amz-meta-first": "0",
    "content-type": "text/plain",
    "x-amz-request-payer": "requester",
    "x-amz-expected-bucket-owner": "123456789012",
}
ACCOUNT = {"x-amz-request-payer": "requester", "x-amz-expected-bucket-owner": "123456789012"}


@pytest.mark.parametrize(("count", "operation"), [(SMALL, "PutObject"), (LARGE, "CreateMultipartUpload")])
async def test_an_object_is_created_with_what_the_options_ask_for(
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
    asked: dict[str, list[ApiRequest]],
    count: int,
    operation: str,
) -> None:
    await store(proxy.url, aws, bucket, EVERYTHING, count)
    (request,) = asked[operation]
    assert sent(request) == {name.lower(): value for name, value in CREATED_WITH.items()}
    for part in asked["UploadPart"] + asked["CompleteMultipartUpload"]:
        assert {name: part.headers[name] for name in ACCOUNT} == ACCOUNT
        assert "x-amz-server-side-encryption" not in part.headers
    (about,) = asked["HeadBucket"]
    assert sent(about) == {"x-amz-expected-bucket-owner": "123456789012"}
    found = head(aws, bucket)
    assert found["ServerSideEncryption"] == "aws:kms"
    assert found["StorageClass"] == "STANDARD_IA"
    assert found["Metadata"] == {"first": "0"}
    tags = aws.client("s3").get_object_tagging(Bucket=bucket, Key="t-0-0")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"topic": "t", "from": "a b", "part": "0" * 10}


async def test_without_options_nothing_is_asked_for(
    aws: AwsServer, bucket: str, proxy: FaultProxy, asked: dict[str, list[ApiRequest]]
) -> None:
    await store(proxy.url, aws, bucket, {})
    (request,) = asked["PutObject"]
    assert {name: value for name, value in sent(request).items() if name != "content-type"} == {}
    assert not [name for name in request.headers if "checksum" in name or "trailer" in name]


@pytest.mark.parametrize("algorithm", ["AES256", "aws:kms", "aws:kms:dsse"])
async def test_the_algorithm_of_encryption_has_the_meaning_it_had_in_aivens_connector(
    aws: AwsServer, bucket: str, proxy: FaultProxy, asked: dict[str, list[ApiRequest]], algorithm: str
) -> None:
    await store(proxy.url, aws, bucket, {"aws.s3.sse.algorithm": algorithm})
    assert asked["PutObject"][0].headers["x-amz-server-side-encryption"] == algorithm
    assert "x-amz-server-side-encryption-customer-algorithm" not in asked["PutObject"][0].headers


@pytest.mark.parametrize("count", [SMALL, LARGE])
async def test_a_key_of_the_customer_goes_with_every_request_that_touches_content(
    aws: AwsServer, bucket: str, proxy: FaultProxy, asked: dict[str, list[ApiRequest]], count: int
) -> None:
    options = {"aws.s3.sse.customer.key": base64.b64encode(CUSTOMER_KEY).decode()}
    await store(proxy.url, aws, bucket, options, count)
    touching = [
        request
        for name in ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
        for request in asked[name]
    ]
    start = "x-amz-server-side-encryption-customer-"
    assert len(touching) == (1 if count == SMALL else 3)
    for request in touching:
        assert request.headers[f"{start}algorithm"] == "AES256"
        assert base64.b64decode(request.headers[f"{start}key"]) == CUSTOMER_KEY
        digest = hashlib.md5(CUSTOMER_KEY, usedforsecurity=False).digest()
        assert base64.b64decode(request.headers[f"{start}key-md5"]) == digest
        assert "x-amz-server-side-encryption" not in request.headers


@pytest.mark.parametrize("count", [SMALL, LARGE])
@pytest.mark.parametrize("name", ["crc32", "sha256", "crc32c", "crc64nvme"])
async def test_checksums_go_with_the_bytes_and_with_the_completion(
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
    asked: dict[str, list[ApiRequest]],
    name: str,
    count: int,
) -> None:
    await store(proxy.url, aws, bucket, {"aws.s3.checksum.algorithm": name}, count)
    carrying = asked["PutObject"] + asked["UploadPart"]
    assert carrying
    assert all(f"x-amz-checksum-{name}" in request.headers for request in carrying)
    if count == LARGE:
        (created,) = asked["CreateMultipartUpload"]
        assert created.headers["x-amz-checksum-algorithm"] == name.upper()
        await store(proxy.url, aws, bucket, {"aws.s3.checksum.algorithm": "when_required"}, count)
        listed, bare = (int(found.headers["content-length"]) for found in asked["CompleteMultipartUpload"])
        assert listed > bare + len(f"<Checksum{name}></Checksum{name}>")
    assert aws.objects(bucket)["t-0-0"] == b"\n".join([LINE] * count)


BITS = {"crc32c": (32, 0x82F63B78), "crc64nvme": (64, 0x9A6C9329AC4BC9B5)}
"""Width and polynomial, reversed, of the checksums that we compute ourselves."""


def by_bits(name: str, data: bytes) -> str:
    """A checksum by the book, bit by bit."""
    width, polynomial = BITS[name]
    ones = (1 << width) - 1
    register = ones
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (polynomial if register & 1 else 0)
    return base64.b64encode((register ^ ones).to_bytes(width // 8)).decode()


@pytest.mark.parametrize("name", BITS)
async def test_checksums_that_botocore_leaves_to_us_are_those_of_the_bytes(
    aws: AwsServer, bucket: str, proxy: FaultProxy, asked: dict[str, list[ApiRequest]], name: str
) -> None:
    proxy.fail("PutObject", times=1)
    await store(proxy.url, aws, bucket, {"aws.s3.checksum.algorithm": name})
    first, second = asked["PutObject"]
    expected = by_bits(name, aws.objects(bucket)["t-0-0"])
    assert first.headers[f"x-amz-checksum-{name}"] == second.headers[f"x-amz-checksum-{name}"] == expected
    assert second.headers["x-amz-sdk-checksum-algorithm"] == name.upper()


@pytest.mark.parametrize(("name", "kind"), [("crc64nvme", "FULL_OBJECT"), ("crc32c", None), ("crc32", None)])
async def test_uploads_in_parts_name_the_type_of_a_checksum_that_is_only_kept_of_the_whole(
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
    asked: dict[str, list[ApiRequest]],
    name: str,
    kind: str | None,
) -> None:
    await store(proxy.url, aws, bucket, {"aws.s3.checksum.algorithm": name}, LARGE)
    (created,), (completed,) = asked["CreateMultipartUpload"], asked["CompleteMultipartUpload"]
    assert created.headers.get("x-amz-checksum-type") == completed.headers.get("x-amz-checksum-type") == kind


@pytest.mark.parametrize("name", ["crc32", *BITS])
async def test_a_checksum_over_tls_spares_the_hash_of_the_signature(
    aws: AwsServer, bucket: str, tmp_path: Path, name: str
) -> None:
    pem = certificate(tmp_path, "localhost")
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(pem)
    puts: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        if request.method == "PUT":
            puts.append(request.headers["x-amz-content-sha256"])
        return web.Response(headers={"ETag": '"e"'})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(application, host="localhost", scheme="https")
    await server.start_server(ssl=trust)
    options = {"aws.s3.checksum.algorithm": name, "aws.tls.ca.bundle": str(pem)}
    try:
        await store(str(server.make_url("/")).rstrip("/"), aws, bucket, options)
    finally:
        await server.close()
    (found,) = puts
    assert found in {"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}


@pytest.mark.parametrize(
    ("options", "content_type", "encoding"),
    [
        ({"file.compression.type": "gzip"}, "application/gzip", None),
        ({"file.compression.type": "none"}, "application/x-ndjson", None),
        (
            {"file.compression.type": "gzip", "aws.s3.object.content.encoding": "auto"},
            "application/x-ndjson",
            "gzip",
        ),
        (
            {"file.compression.type": "none", "aws.s3.object.content.encoding": "auto"},
            "application/x-ndjson",
            None,
        ),
    ],
)
async def test_content_type_and_encoding_follow_format_and_compression_on_demand(
    aws: AwsServer, bucket: str, options: dict[str, str], content_type: str, encoding: str | None
) -> None:
    fixed = {
        "format.output.type": "jsonl",
        "aws.s3.object.content.type": "auto",
        "file.name.template": "{{topic}}-{{partition}}-{{start_offset}}",
    }
    await store(aws.url, aws, bucket, {**fixed, **options})
    found = head(aws, bucket)
    assert found["ContentType"] == content_type
    assert found.get("ContentEncoding") == encoding
    data = aws.objects(bucket)["t-0-0"]
    content = gzip.decompress(data) if options["file.compression.type"] == "gzip" else data
    assert content.count(b"\n") == SMALL - 1


# ---- objects that are there already ----


def there(aws: AwsServer, bucket: str, body: bytes) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="t-0-0", Body=body)


async def test_an_object_is_replaced_unless_the_options_say_otherwise(aws: AwsServer, bucket: str) -> None:
    there(aws, bucket, b"old")
    await store(aws.url, aws, bucket, {})
    assert aws.objects(bucket)["t-0-0"] == b"\n".join([LINE] * SMALL)


@pytest.mark.parametrize("count", [SMALL, LARGE])
async def test_an_object_that_is_there_fails_the_task_and_stays(
    aws: AwsServer, bucket: str, count: int
) -> None:
    there(aws, bucket, b"old")
    async with running_sink(aws.url, aws, bucket, {"aws.s3.object.exists": "fail"}) as sink:
        await sink.put(lines(count))
        with pytest.raises(AccessError, match=r"t-0-0 is there already.*aws\.s3\.object\.exists is fail"):
            await sink.flush()
        assert sink.committable() == {PARTITION: 0}
    assert aws.objects(bucket) == {"t-0-0": b"old"}


@pytest.mark.parametrize("batches", [[20], [10, 10], [3, 17]])
async def test_what_records_alone_end_is_kept_when_it_is_delivered_again(
    aws: AwsServer, bucket: str, batches: list[int]
) -> None:
    options = {
        "aws.s3.object.exists": "keep",
        "file.max.records": "5",
        "file.rotate.on.commit": "false",
        "file.max.idle.ms": "0",
    }
    await store(aws.url, aws, bucket, options, 20)
    before = {key: head(aws, bucket, key)["Metadata"] for key in aws.objects(bucket)}
    async with running_sink(aws.url, aws, bucket, options) as sink:
        start = 0
        for count in batches:
            await sink.put(lines(20).select(range(start, start + count)))
            start += count
        await sink.flush()
        assert sink.committable() == {PARTITION: 20}
    assert sorted(before) == ["t-0-0", "t-0-10", "t-0-15", "t-0-5"]
    assert {key: head(aws, bucket, key)["Metadata"] for key in aws.objects(bucket)} == before


@pytest.mark.parametrize("count", [SMALL, LARGE])
async def test_keep_takes_an_object_of_the_same_size_for_delivered(
    aws: AwsServer, bucket: str, count: int
) -> None:
    old = b"y" * (count * 1024 - 1)
    there(aws, bucket, old)
    await store(aws.url, aws, bucket, {"aws.s3.object.exists": "keep"}, count)
    assert aws.objects(bucket) == {"t-0-0": old}


async def test_keep_never_takes_an_object_with_other_records_for_delivered(
    aws: AwsServer, bucket: str
) -> None:
    there(aws, bucket, b"fewer records")
    async with running_sink(aws.url, aws, bucket, {"aws.s3.object.exists": "keep"}) as sink:
        await sink.put(lines(SMALL))
        with pytest.raises(AccessError, match="13 bytes instead of 10239, so with other records"):
            await sink.flush()
        assert sink.committable() == {PARTITION: 0}


async def test_a_write_whose_answer_was_lost_knows_its_own_object(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    proxy.fail("PutObject", times=1, when="after")
    await store(proxy.url, aws, bucket, {"aws.s3.object.exists": "fail"})
    assert proxy.counts["PutObject"] == 2
    assert proxy.counts["HeadObject"] == 1
    assert aws.objects(bucket)["t-0-0"] == b"\n".join([LINE] * SMALL)


# ---- refusals ----

OUTRIGHT = (
    "User: u is not authorized to perform: s3:PutObject on resource: r with an explicit deny in a"
    " resource-based policy"
)
NO_KMS = (
    "User: u is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:r:1:key/k because no"
    " identity-based policy allows the kms:GenerateDataKey action"
)


@pytest.mark.parametrize(
    ("options", "status", "code", "message", "told"),
    [
        (
            {"aws.s3.object.tags": "a=b"},
            501,
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
            r"does not offer something.*aws\.s3\.object\.tags",
        ),
        (
            {"aws.s3.object.acl": "public-read"},
            400,
            "AccessControlListNotSupported",
            "The bucket does not allow ACLs",
            r"aws\.s3\.object\.acl: the bucket has ACLs switched off",
        ),
        (
            {},
            403,
            "AccessDenied",
            OUTRIGHT,
            r"the bucket's policy denies this.*If it demands encryption, set aws\.s3\.sse\.algorithm",
        ),
        (
            {"aws.s3.sse.algorithm": "AES256"},
            403,
            "AccessDenied",
            OUTRIGHT,
            r"If it demands an encryption, that is not AES256",
        ),
        (
            {"aws.s3.sse.algorithm": "aws:kms"},
            403,
            "AccessDenied",
            NO_KMS,
            r"grant kms:GenerateDataKey on arn:aws:kms:r:1:key/k",
        ),
        (
            {"aws.s3.expected.bucket.owner": "123456789012"},
            403,
            "AccessDenied",
            "Access Denied",
            r"grant s3:PutObject on .*; or the bucket does not belong to the account of aws\.s3\.expected",
        ),
    ],
)
async def test_a_refusal_names_the_option_that_it_is_about(
    aws: AwsServer,
    bucket: str,
    proxy: FaultProxy,
    options: dict[str, str],
    status: int,
    code: str,
    message: str,
    told: str,
) -> None:
    proxy.fail("PutObject", status=status, code=code, message=message)
    async with running_sink(proxy.url, aws, bucket, options) as sink:
        await sink.put(lines(SMALL))
        with pytest.raises(AccessError, match=told):
            await sink.flush()
        assert sink.committable() == {PARTITION: 0}
    assert proxy.counts["PutObject"] == 1
    assert aws.objects(bucket) == {}


async def test_a_bucket_in_another_region_is_told_with_its_region(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    body = (
        b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AuthorizationHeaderMalformed</Code>'
        b"<Message>the region is wrong</Message><Region>eu-north-1</Region></Error>"
    )
    proxy.on("PutObject", lambda _: Answer(400, body, {"Content-Type": "application/xml"}))
    async with running_sink(proxy.url, aws, bucket, {}) as sink:
        await sink.put(lines(SMALL))
        with pytest.raises(AccessError, match=r"the bucket is in eu-north-1: set aws\.s3\.region to it"):
            await sink.flush()


async def test_the_header_that_a_store_does_not_know_names_its_option(
    aws: AwsServer, bucket: str, proxy: FaultProxy
) -> None:
    body = (
        b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>NotImplemented</Code><Message>no</Message>'
        b"<Header>x-amz-storage-class</Header></Error>"
    )
    proxy.on("PutObject", lambda _: Answer(501, body, {"Content-Type": "application/xml"}))
    options = {"aws.s3.object.storage.class": "COLD", "aws.s3.object.tags": "a=b"}
    async with running_sink(proxy.url, aws, bucket, options) as sink:
        await sink.put(lines(SMALL))
        with pytest.raises(AccessError, match=r"what aws\.s3\.object\.storage\.class asks for: remove it"):
            await sink.flush()


@pytest.mark.parametrize(
    ("options", "stored"),
    [
        ({}, b"a\nbc"),
        ({"format.output.raw.framing": "separator"}, b"a\n\n\nbc"),
        (
            {"format.output.raw.framing": "separator", "format.output.raw.separator": r"\0\x1e"},
            b"a\0\x1e\n\0\x1ebc",
        ),
        ({"format.output.raw.framing": "int32"}, b"\0\0\0\x01a\0\0\0\x01\n\0\0\0\x02bc"),
        ({"format.output.raw.framing": "varint"}, b"\x01a\x01\n\x02bc"),
    ],
)
async def test_raw_values_are_stored_as_they_are_or_framed(
    aws: AwsServer, bucket: str, options: dict[str, str], stored: bytes
) -> None:
    async with running_sink(aws.url, aws, bucket, {"format.output.type": "raw", **options}) as sink:
        await sink.put(RecordBatch.of(PARTITION, [Record(0, None, b"a"), Record(1, None, b"\n")]))
        await sink.put(RecordBatch.of(PARTITION, [Record(2, None, b"bc")]))
        await sink.flush()
    assert aws.objects(bucket) == {"t-0-0": stored}


async def test_objects_and_their_tags_show_the_name_that_transforms_gave_and_the_offset_is_the_topics(
    aws: AwsServer, bucket: str
) -> None:
    options = {"aws.s3.object.tags": "from={{topic}}"}
    async with running_sink(aws.url, aws, bucket, options) as sink:
        await sink.put(lines(SMALL).renamed("other"))
        await sink.flush()
        assert sink.committable() == {PARTITION: SMALL}
    assert list(aws.objects(bucket)) == ["other-0-0"]
    tags = aws.client("s3").get_object_tagging(Bucket=bucket, Key="other-0-0")["TagSet"]
    assert tags == [{"Key": "from", "Value": "other"}]


async def test_two_topics_under_one_name_are_told_once(aws: AwsServer, bucket: str) -> None:
    second = TopicPartition("u", 0)
    batch = RecordBatch.of(second, [Record(5, None, LINE)])
    with capture_logs() as logs:
        async with running_sink(aws.url, aws, bucket, {}) as sink:
            sink.open([second])
            for _ in range(2):
                await sink.put(lines(SMALL).renamed("one"))
                await sink.put(batch.renamed("one"))
    (told,) = [each for each in logs if each["event"].startswith("two topics go by one name")]
    assert (told["name"], told["topics"]) == ("one", ["t", "u"])


async def test_a_partition_that_went_and_came_back_is_not_told_as_another_topic(
    aws: AwsServer, bucket: str
) -> None:
    with capture_logs() as logs:
        async with running_sink(aws.url, aws, bucket, {}) as sink:
            for _ in range(2):
                await sink.put(lines(SMALL))
                await sink.drop([PARTITION])
                sink.open([PARTITION])
    assert not [each for each in logs if each["log_level"] == "warning"]
