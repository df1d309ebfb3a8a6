"""The options of objects, before any request is made."""

from __future__ import annotations

import base64
import sys

import pytest

from connector.errors import ConfigError
from connector.record import TopicPartition
from connector.sinks.s3 import S3Config
from connector.sinks.s3.attributes import Origin
from connector.sinks.s3.checksum import checksum
from connector.sinks.s3.permissions import permissions

ORIGIN = Origin(TopicPartition("orders", 3), 17)
KEY = base64.b64encode(b"k" * 32).decode()


def config(**options: str) -> S3Config:
    raw = {name.replace("__", "-").replace("_", "."): value for name, value in options.items()}
    return S3Config.parse({"aws.s3.bucket.name": "shop", **raw})


def faults(options: dict[str, str]) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        S3Config.parse({"aws.s3.bucket.name": "shop", **options})
    return {problem.option: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("options", "at", "told"),
    [
        ({"aws.s3.sse.algorithm": "aes256"}, "aws.s3.sse.algorithm", "supported values are: 'AES256'"),
        ({"aws.s3.sse.kms.key.id": "k"}, "aws.s3.sse.kms.key.id", "without aws.s3.sse.algorithm=aws:kms"),
        (
            {"aws.s3.sse.algorithm": "AES256", "aws.s3.sse.kms.key.id": "k"},
            "aws.s3.sse.kms.key.id",
            "without aws.s3.sse.algorithm=aws:kms",
        ),
        (
            {"aws.s3.sse.algorithm": "aws:kms:dsse", "aws.s3.sse.bucket.key.enabled": "true"},
            "aws.s3.sse.bucket.key.enabled",
            "without aws.s3.sse.algorithm=aws:kms",
        ),
        ({"aws.s3.sse.customer.key": "c2hvcnQ="}, "aws.s3.sse.customer.key", "base64 of 32 bytes"),
        ({"aws.s3.sse.customer.key": "no base64!"}, "aws.s3.sse.customer.key", "base64 of 32 bytes"),
        (
            {"aws.s3.sse.customer.key": KEY, "aws.s3.sse.algorithm": "aws:kms"},
            "aws.s3.sse.customer.key",
            "is a key for AES256",
        ),
        ({"aws.s3.object.storage.class": "COLD"}, "aws.s3.object.storage.class", "no storage class COLD"),
        ({"aws.s3.object.acl": "open"}, "aws.s3.object.acl", "supported values are"),
        ({"aws.s3.object.tags": ",".join(f"t{n}=v" for n in range(11))}, "aws.s3.object.tags", "10 tags"),
        ({"aws.s3.object.tags": "a"}, "aws.s3.object.tags", "name=value"),
        ({"aws.s3.object.tags": "a=1,A=2"}, "aws.s3.object.tags", "once"),
        ({"aws.s3.object.tags": "aws:a=1"}, "aws.s3.object.tags", "aws:"),
        ({"aws.s3.object.tags": "a=b&c"}, "aws.s3.object.tags", "letters, digits"),
        ({"aws.s3.object.tags": "a={{key}}"}, "aws.s3.object.tags", "{{start_offset}}"),
        (
            {"aws.s3.object.tags": "a=" + "x" * 250 + "{{topic}}", "topics": "orders,orders-eu"},
            "aws.s3.object.tags",
            "has 259 characters for topic orders-eu",
        ),
        ({"aws.s3.object.metadata": "a=ü"}, "aws.s3.object.metadata", "printable ASCII"),
        ({"aws.s3.object.metadata": "a b=c"}, "aws.s3.object.metadata", "part of a header"),
        ({"aws.s3.object.metadata": "a=" + "x" * 2048}, "aws.s3.object.metadata", "S3 allows 2048"),
        ({"aws.s3.object.metadata": "Connector-Write=x"}, "aws.s3.object.metadata", "choose another"),
        ({"aws.s3.object.content.type": "a\nb"}, "aws.s3.object.content.type", "travels in a header"),
        ({"aws.s3.expected.bucket.owner": "me"}, "aws.s3.expected.bucket.owner", "12 digits"),
        ({"aws.s3.checksum.algorithm": "md5"}, "aws.s3.checksum.algorithm", "supported values are"),
        (
            {"aws.s3.object.exists": "keep", "file.name.template": "{{key}}"},
            "aws.s3.object.exists",
            "has to be replaced",
        ),
        (
            {"format.output.type": "raw", "format.output.fields": "key,value"},
            "format.output.fields",
            "must be value or key",
        ),
        ({"format.output.raw.framing": "int32"}, "format.output.raw.framing", "format.output.type=raw"),
        (
            {"format.output.type": "raw", "format.output.raw.separator": ","},
            "format.output.raw.separator",
            "format.output.raw.framing=separator",
        ),
        (
            {
                "format.output.type": "raw",
                "format.output.raw.framing": "separator",
                "format.output.raw.separator": r"\q",
            },
            "format.output.raw.separator",
            "knows the escapes",
        ),
    ],
)
def test_what_s3_cannot_take_is_refused_with_the_config(options: dict[str, str], at: str, told: str) -> None:
    assert told in faults(options)[at]


def test_no_message_shows_the_customers_key() -> None:
    wrong = base64.b64encode(b"secret-secret").decode()
    assert wrong not in str(faults({"aws.s3.sse.customer.key": wrong}))
    assert wrong not in repr(config(aws_s3_sse_customer_key=KEY).attributes())


def test_labels_show_the_object_that_they_are_of() -> None:
    attributes = config(
        aws_s3_object_tags="from={{topic}}-{{ partition }}",
        aws_s3_object_metadata="offset={{start_offset:padding=true}}",
    ).attributes()
    created = attributes.creation(ORIGIN)
    assert created["Tagging"] == "from=orders-3"
    assert created["Metadata"] == {"offset": "00000000000000000017", "connector-write": ORIGIN.claim}


@pytest.mark.parametrize(
    ("endpoint", "checksum"),
    [
        (None, "CRC32"),
        ("https://s3.eu-north-1.amazonaws.com", "CRC32"),
        ("http://minio:9000", None),
    ],
)
def test_a_store_that_may_know_no_checksums_gets_none_unless_asked(
    endpoint: str | None, checksum: str | None
) -> None:
    options = {"aws_s3_endpoint": endpoint} if endpoint else {}
    assert config(**options).attributes().checksum == checksum
    assert config(**options, aws_s3_checksum_algorithm="SHA256").attributes().checksum == "SHA256"


def test_a_checksum_whose_library_is_absent_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "awscrt", None)
    told = faults({"aws.s3.checksum.algorithm": "crc64nvme"})["aws.s3.checksum.algorithm"]
    assert "install kafka-aws-connector[crc64nvme]" in told
    assert config(aws_s3_checksum_algorithm="crc32c").attributes().checksum == "CRC32C"


@pytest.mark.parametrize(
    ("algorithm", "width", "value"),
    # The catalogue of parametrised CRC algorithms gives these for the nine digits.
    [("CRC32C", 4, 0xE3069283), ("CRC64NVME", 8, 0xAE8B14860A799888)],
)
def test_checksums_are_those_of_the_catalogue(algorithm: str, width: int, value: int) -> None:
    assert base64.b64decode(checksum(algorithm, b"123456789")) == value.to_bytes(width)


def test_a_compatible_store_may_have_storage_classes_of_its_own() -> None:
    found = config(aws_s3_endpoint="http://ceph:7480", aws_s3_object_storage_class="COLD")
    assert found.attributes().created_with["StorageClass"] == "COLD"


def test_two_writes_of_an_object_are_told_apart_only_where_it_matters() -> None:
    plain = {"delivery_guarantee": "at-least-once"}
    assert "Metadata" not in config(**plain).attributes().put(ORIGIN)
    assert config().attributes().creation(ORIGIN)["Metadata"] == {"connector-write": ORIGIN.claim}
    conditional = config(aws_s3_object_exists="FAIL", **plain).attributes().put(ORIGIN)
    assert conditional["IfNoneMatch"] == "*"
    assert conditional["Metadata"] == {"connector-write": ORIGIN.claim}


def test_the_policy_allows_labels_and_the_key() -> None:
    found = config(
        aws_s3_region="eu-north-1",
        aws_s3_sse_algorithm="aws:kms",
        aws_s3_sse_kms_key_id="1234-abcd",
        aws_s3_object_tags="a=b",
        aws_s3_object_acl="private",
    )
    store, *_, encrypt = permissions(found, ["orders"])
    assert {"s3:PutObjectTagging", "s3:PutObjectAcl"} <= set(store.actions)
    assert encrypt.actions == ("kms:GenerateDataKey", "kms:Decrypt")
    assert encrypt.resources == ("arn:aws:kms:eu-north-1:*:key/1234-abcd",)


def test_a_policy_names_the_alias_of_a_key_in_a_condition() -> None:
    found = config(
        aws_s3_sse_algorithm="aws:kms", aws_s3_sse_kms_key_id="arn:aws:kms:eu-north-1:123456789012:alias/lake"
    )
    *_, encrypt = permissions(found, ["orders"])
    assert encrypt.resources == ("arn:aws:kms:eu-north-1:123456789012:key/*",)
    assert encrypt.condition == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/lake"}}
