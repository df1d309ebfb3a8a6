"""Where options of connectors may lead, as far as the operator says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.aws.connection import AwsConfig
from connector.config.bounds import Bounds
from connector.config.option import LeadsTo
from connector.schema_registry.config import SchemaRegistryConfig
from connector.sinks.sqs.config import SqsConfig

if TYPE_CHECKING:
    from pathlib import Path


def refused(hosts: str, text: str, leads_to: LeadsTo = LeadsTo.HOST) -> bool:
    return bool(list(Bounds(hosts=tuple(hosts.split(","))).problem("option", text, leads_to)))


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        ("minio", "http://minio:9000"),
        ("minio:9000", "http://minio:9000/path"),
        ("minio:443", "https://MINIO"),
        ("*.example.com", "https://s3.eu.example.com."),
        ("a,b", "b:9092, a:9093"),
        ("[::1]:9000", "http://[::1]:9000"),
        ("a", "mock://anything"),
        ("proxy", "http://user:secret@proxy:3128"),
    ],
)
def test_hosts_that_are_allowed(hosts: str, text: str) -> None:
    assert not refused(hosts, text)


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        ("", "http://minio:9000"),
        ("minio:9000", "http://minio:9001"),
        ("minio:9000", "https://minio"),
        ("*.example.com", "https://example.com"),
        ("*.example.com", "https://example.com.evil.org"),
        ("example.com", "https://example.com@evil.org"),
        ("example.com", r"https://evil.org\@example.com"),
        ("example.com", "https://example.com:port"),
        ("a", "a:9092,b:9092"),
        ("a", "http://"),
    ],
)
def test_hosts_that_are_not(hosts: str, text: str) -> None:
    assert refused(hosts, text)


def test_without_a_bound_anything_goes() -> None:
    options = {"aws.endpoint": "http://169.254.169.254", "aws.tls.ca.bundle": "/etc/passwd"}
    assert list(Bounds().problems(AwsConfig(options))) == []


def test_a_file_has_to_be_within_the_allowed_folders_links_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "certs", tmp_path / "secret"
    inside.mkdir()
    outside.touch()
    (inside / "link").symlink_to(outside)
    bounds = Bounds(paths=(str(inside),))

    def is_refused(path: Path | str) -> bool:
        return bool(list(bounds.problem("option", str(path), LeadsTo.FILE)))

    assert not is_refused(inside / "ca.pem")
    for path in (outside, inside / "link", inside / ".." / "secret", "secret", "a\0b"):
        assert is_refused(path), path


def test_every_option_that_leads_elsewhere_is_bounded() -> None:
    bounds = Bounds(hosts=(), paths=())
    aws = {
        "aws.endpoint": "http://h",
        "aws.s3.endpoint": "h",
        "aws.sts.config.endpoint": "https://h",
        "aws.sqs.endpoint": "http://h",
        "aws.sns.endpoint": "http://h",
        "aws.kinesis.endpoint": "http://h",
        "aws.eventbridge.endpoint": "http://h",
        "aws.proxy.url": "http://h:1",
        "aws.tls.ca.bundle": "/f",
        "aws.web.identity.token.file": "/f",
    }
    assert {found.option for found in bounds.problems(AwsConfig(aws))} == set(aws)
    registry = {
        "schema.registry.url": "http://h,http://i",
        "schema.registry.ssl.truststore.location": "/f",
        "schema.registry.ssl.keystore.location": "/f",
    }
    assert {found.option for found in bounds.problems(SchemaRegistryConfig(registry))} == set(registry)


def test_a_queue_by_its_url_is_a_host_and_by_its_name_is_none() -> None:
    bounds = Bounds(hosts=())
    assert list(bounds.problems(SqsConfig({"aws.sqs.queue": "orders"}))) == []
    url = "https://sqs.evil.example.com/123456789012/orders"
    assert [found.option for found in bounds.problems(SqsConfig({"aws.sqs.queue": url}))] == ["aws.sqs.queue"]


def test_a_reference_is_looked_at_once_it_is_read_and_no_value_is_quoted() -> None:
    bounds = Bounds(hosts=())
    assert list(bounds.problems(AwsConfig({"aws.s3.endpoint": "${file:/f:endpoint}"}))) == []
    (problem,) = bounds.problems(AwsConfig({"aws.proxy.url": "http://s3cret:1"}))
    assert "s3cret" not in str(problem)
    assert "connectors.allowed.hosts" in str(problem)
