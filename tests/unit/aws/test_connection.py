"""Which identity wins, and which options contradict each other."""

from __future__ import annotations

import re

import pytest
from pydantic import SecretStr

from connector.aws.connection import AwsConfig
from connector.aws.identity import Anonymous, Base, Profile, StaticKeys, WebIdentity
from connector.aws.options import SERVICES
from connector.config.schema import unknown_options
from connector.errors import ConfigError
from connector.retry import Backoff
from connector.sinks.s3.config import S3Config

ROLE = "arn:aws:iam::123456789012:role/writer"
KEYS = {"aws.access.key.id": "AKIA", "aws.secret.access.key": "secret"}
WEB = {"aws.web.identity.token.file": "/token", "aws.web.identity.role.arn": ROLE}


def faults(config: dict[str, str]) -> dict[str, str]:
    return {problem.option: problem.message for problem in AwsConfig(config).problems()}


@pytest.mark.parametrize(
    ("config", "base"),
    [
        ({}, None),
        (KEYS, StaticKeys("AKIA", SecretStr("secret"))),
        ({**KEYS, "aws.session.token": "t"}, StaticKeys("AKIA", SecretStr("secret"), SecretStr("t"))),
        (WEB, WebIdentity("/token", ROLE)),
        ({"aws.profile": "sink"}, Profile("sink")),
        ({"aws.credentials.provider": "anonymous"}, Anonymous()),
        ({"aws.credentials.provider": "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"}, None),
        (
            {"aws.credentials.provider": "software.amazon.awssdk.auth.DefaultCredentialsProvider"},
            None,
        ),
        (
            {**KEYS, "aws.credentials.provider": "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"},
            StaticKeys("AKIA", SecretStr("secret")),
        ),
    ],
)
def test_the_base_is_the_one_identity_that_is_given(config: dict[str, str], base: Base | None) -> None:
    assert AwsConfig.parse(config).base() == base


@pytest.mark.parametrize("base", [{}, KEYS, WEB, {"aws.profile": "sink"}])
def test_any_base_may_assume_a_role(base: dict[str, str]) -> None:
    identity = AwsConfig.parse({**base, "aws.sts.role.arn": ROLE}).identity("orders")
    assert identity.role_arn == ROLE
    assert identity.base == AwsConfig.parse(base).base()


@pytest.mark.parametrize(
    ("config", "option", "fault"),
    [
        ({"aws.access.key.id": "AKIA"}, "aws.secret.access.key", "is missing while aws.access.key.id is set"),
        (
            {"aws.secret.access.key": "s"},
            "aws.access.key.id",
            "is missing while aws.secret.access.key is set",
        ),
        ({"aws.session.token": "t"}, "aws.session.token", "no meaning without aws.access.key.id"),
        ({"aws.web.identity.token.file": "/t"}, "aws.web.identity.role.arn", "is missing"),
        ({**KEYS, "aws.profile": "p"}, "aws.profile", "several are given (aws.access.key.id, aws.profile)"),
        ({**WEB, **KEYS}, "aws.web.identity.token.file", "only one identity can be used"),
        ({**KEYS, "aws.credentials.provider": "anonymous"}, "aws.credentials.provider", "only one identity"),
        (
            {"aws.credentials.provider": "anonymous", "aws.sts.role.arn": ROLE},
            "aws.sts.role.arn",
            "cannot be assumed anonymously",
        ),
        ({"aws.credentials.provider": "com.example.Mine"}, "aws.credentials.provider", "could not be found"),
        (
            {"aws.sts.role.external.id": "abc"},
            "aws.sts.role.external.id",
            "no meaning without aws.sts.role.arn",
        ),
        ({"aws.sts.role.session.name": "abc"}, "aws.sts.role.session.name", "no meaning without"),
        (
            {"aws.sts.role.arn": ROLE, "aws.sts.role.external.id": "a"},
            "aws.sts.role.external.id",
            "2 to 1224",
        ),
        (
            {"aws.sts.role.arn": ROLE, "aws.sts.role.external.id": "a b"},
            "aws.sts.role.external.id",
            "2 to 1224",
        ),
        (
            {"aws.sts.role.arn": ROLE, "aws.sts.role.external.id": "a" * 1225},
            "aws.sts.role.external.id",
            "2 to 1224",
        ),
        (
            {"aws.sts.role.arn": ROLE, "aws.sts.role.session.duration": "899"},
            "aws.sts.role.session.duration",
            "Value must be at least 900",
        ),
        (
            {**WEB, "aws.sts.role.arn": ROLE, "aws.sts.role.session.duration": "3601"},
            "aws.sts.role.session.duration",
            "role chaining",
        ),
        (
            {
                **KEYS,
                "aws.session.token": "t",
                "aws.sts.role.arn": ROLE,
                "aws.sts.role.session.duration": "3601",
            },
            "aws.sts.role.session.duration",
            "role chaining",
        ),
        (
            {"aws.sts.config.endpoint": "https://sts.eu-north-1.amazonaws.com"},
            "aws.sts.config.endpoint",
            "aws.s3.region should be",
        ),
        (
            {"aws.sts.role.arn": ROLE, "aws.sts.role.session.tags": "a=1,b"},
            "aws.sts.role.session.tags",
            "name=value",
        ),
        (
            {"aws.proxy.username": "u", "aws.proxy.password": "p"},
            "aws.proxy.username",
            "without aws.proxy.url",
        ),
        ({"aws.region": "Stockholm"}, "aws.region", "eu-north-1"),
        ({"aws.endpoint": "ftp://x"}, "aws.endpoint", "should be valid URL"),
    ],
)
def test_a_contradiction_is_an_error_that_names_the_remedy(
    config: dict[str, str], option: str, fault: str
) -> None:
    assert fault in faults(config)[option]


def test_all_contradictions_come_together() -> None:
    found = faults(
        {
            "aws.access.key.id": "AKIA",
            "aws.profile": "p",
            "aws.sts.role.external.id": "x",
            "aws.sts.role.session.duration": "1",
            "aws.region": "?",
        }
    )
    assert set(found) == {
        "aws.secret.access.key",
        "aws.profile",
        "aws.sts.role.external.id",
        "aws.sts.role.session.duration",
        "aws.region",
    }


def test_a_role_without_a_session_name_gets_one_that_aws_accepts() -> None:
    config = AwsConfig.parse({"aws.sts.role.arn": ROLE})
    assert config.identity("orders to s3/ä").session_name == "connect-orders-to-s3--"
    assert len(config.identity("x" * 200).session_name) == 64


def test_a_password_in_the_proxy_url_is_refused_and_not_quoted() -> None:
    message = faults({"aws.proxy.url": "http://me:topsecret@proxy:3128"})["aws.proxy.url"]
    assert "aws.proxy.password" in message
    assert "topsecret" not in message


def test_a_proxy_with_a_password_is_whole_for_the_client_and_hidden_in_print() -> None:
    config = {"aws.proxy.url": "http://proxy:3128", "aws.proxy.username": "me", "aws.proxy.password": "p@ss"}
    identity = AwsConfig.parse(config).identity("c")
    assert identity.transport.proxy is not None
    assert identity.transport.proxy.get_secret_value() == "http://me:p%40ss@proxy:3128"
    assert "p%40ss" not in repr(identity)


def test_nothing_secret_is_in_the_print_of_an_identity() -> None:
    identity = AwsConfig.parse({**KEYS, "aws.session.token": "tok-canary"}).identity("c")
    assert "secret'" not in repr(identity).replace("SecretStr", "")
    assert "tok-canary" not in repr(identity)


def test_regions_and_endpoints_of_a_service_win_over_the_general_ones() -> None:
    config = S3Config.parse(
        {
            "aws.s3.bucket.name": "lake",
            "aws.region": "eu-west-1",
            "aws.s3.region": "eu-north-1",
            "aws.endpoint": "http://all:1",
            "aws.s3.endpoint": "http://s3:2",
        }
    )
    assert (config.region, config.endpoint_url) == ("eu-north-1", "http://s3:2")
    assert config.identity("c").transport.sts_endpoint == "http://all:1"


@pytest.mark.parametrize("name", ["aws.s3.url", "URL", "url"])
def test_a_url_fills_bucket_and_region(name: str) -> None:
    config = S3Config.parse({name: "https://lake.s3.eu-north-1.amazonaws.com"})
    assert (config.bucket, config.region) == ("lake", "eu-north-1")


def test_a_url_that_disagrees_with_the_bucket_or_region_is_refused() -> None:
    with pytest.raises(ConfigError, match="names another bucket") as caught:
        S3Config.parse(
            {
                "aws.s3.url": "https://lake.s3.eu-north-1.amazonaws.com",
                "aws.s3.bucket.name": "pond",
                "aws.s3.region": "eu-west-1",
            }
        )
    assert len(caught.value.problems) == 2


def test_a_session_name_tells_tasks_and_connectors_apart_however_long_their_names() -> None:
    config = AwsConfig.parse({"aws.sts.role.arn": "arn:aws:iam::123456789012:role/r"})
    connectors = ["orders", "x" * 200, "x" * 199 + "y", "é" * 70]
    names = [config.identity(connector, task).session_name for connector in connectors for task in (0, 1, 12)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\w+=,.@-]{2,64}", name, re.ASCII) for name in names)
    assert names[:3] == ["connect-orders-0", "connect-orders-1", "connect-orders-12"]
    assert all(name.endswith(f"-{task}") for name, task in zip(names, (0, 1, 12) * 4, strict=True))


def test_a_session_name_that_is_given_is_shared_by_the_tasks() -> None:
    raw = {"aws.sts.role.arn": "arn:aws:iam::123456789012:role/r", "aws.sts.role.session.name": "mine"}
    config = AwsConfig.parse(raw)
    assert config.identity("orders", 0) == config.identity("orders", 1)
    assert list(config.notes()) == []


def test_a_role_without_a_session_name_is_noted() -> None:
    (note,) = AwsConfig.parse({"aws.sts.role.arn": "arn:aws:iam::123456789012:role/r"}).notes()
    assert "aws.sts.role.session.name is not set" in note


@pytest.mark.parametrize(
    ("raw", "base_ms", "cap_ms"),
    [
        ({}, 100, 20_000),
        ({"aws.retry.backoff.ms": "5", "aws.retry.backoff.max.ms": "50"}, 5, 50),
        ({"aws.retry.backoff.ms": "30000"}, 30_000, 30_000),
        ({"aws.retry.backoff.max.ms": "50"}, 50, 50),
    ],
)
def test_a_bound_of_waits_that_is_not_given_follows_the_other(
    raw: dict[str, str], base_ms: int, cap_ms: int
) -> None:
    assert AwsConfig.parse(raw).backoff == Backoff(base_ms / 1000, cap_ms / 1000)


def test_the_longest_wait_is_not_shorter_than_the_first() -> None:
    raw = {"aws.retry.backoff.ms": "500", "aws.retry.backoff.max.ms": "400"}
    (problem,) = AwsConfig(raw).problems()
    assert problem.option == "aws.retry.backoff.max.ms"
    assert "aws.retry.backoff.ms (500)" in problem.message


def test_aivens_waits_win_for_s3_and_the_shared_ones_serve_where_they_are_absent() -> None:
    shared = {"aws.s3.bucket.name": "bucket", "aws.retry.backoff.ms": "5", "aws.retry.backoff.max.ms": "50"}
    assert S3Config.parse(shared).backoff == Backoff(0.005, 0.05)
    assert S3Config.parse({**shared, "aws.s3.backoff.delay.ms": "7"}).backoff == Backoff(0.007, 0.05)
    both = {**shared, "aws.s3.backoff.delay.ms": "7", "aws.s3.backoff.max.delay.ms": "70"}
    assert S3Config.parse(both).backoff == Backoff(0.007, 0.07)


def test_waits_of_s3_that_contradict_shared_ones_are_named_as_they_were_written() -> None:
    raw = {
        "aws.s3.bucket.name": "bucket",
        "aws.s3.backoff.delay.ms": "500",
        "aws.retry.backoff.max.ms": "400",
    }
    (problem,) = S3Config(raw).problems()
    assert problem.option == "aws.retry.backoff.max.ms"
    assert "aws.s3.backoff.delay.ms (500)" in problem.message


# ---- endpoints of services ----


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_has_its_own_endpoint_or_that_of_all(service: str) -> None:
    own = {f"aws.{service}.endpoint": "localhost:1"}
    general = {"aws.endpoint": "http://all:2"}
    assert AwsConfig.parse({}).service_endpoint(service) is None
    assert AwsConfig.parse(own).service_endpoint(service) == "https://localhost:1"
    assert AwsConfig.parse(general).service_endpoint(service) == "http://all:2"
    assert AwsConfig.parse(general | own).service_endpoint(service) == "https://localhost:1"
    others = SERVICES - {service}
    assert {AwsConfig.parse(own).service_endpoint(other) for other in others} == {None}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_an_endpoint_that_is_none_is_a_fault(service: str) -> None:
    assert set(faults({f"aws.{service}.endpoint": "ftp://host"})) == {f"aws.{service}.endpoint"}


def test_the_s3_sink_takes_no_notice_of_the_endpoints_of_others() -> None:
    raw = {
        "aws.s3.bucket.name": "bucket",
        "aws.sqs.endpoint": "ftp://host",
        "aws.s3.endpoint": "minio:9000",
    }
    config = S3Config.parse(raw)
    assert config.endpoint_url == "https://minio:9000"
    assert set(unknown_options(raw, S3Config.options())) == {"aws.sqs.endpoint"}


@pytest.mark.parametrize(
    ("options", "asks"),
    [
        ({}, True),
        ({"aws.endpoint": "http://all:2"}, True),
        ({"aws.s3.endpoint": "http://minio:9000"}, False),
        ({"aws.sqs.endpoint": "http://queues:1"}, False),
        ({"aws.s3.endpoint": "http://minio:9000", "aws.sts.role.arn": ROLE}, True),
        (
            {
                "aws.s3.endpoint": "http://minio:9000",
                "aws.sts.config.endpoint": "http://sts",
                "aws.region": "eu-west-1",
            },
            True,
        ),
    ],
)
def test_a_compatible_service_without_a_role_is_taken_to_have_no_sts(
    options: dict[str, str], asks: bool
) -> None:
    assert AwsConfig.parse(options).asks_sts is asks


@pytest.mark.parametrize(
    "url", ["https://me:canary@store", "me:canary@store", "https://me:ca/canary@store:x"]
)
@pytest.mark.parametrize("option", ["aws.endpoint", "aws.s3.endpoint", "aws.sts.config.endpoint"])
def test_an_endpoint_holds_no_login_which_answers_would_show(option: str, url: str) -> None:
    message = faults({option: url, "aws.region": "eu-north-1"})[option]
    assert "must not hold a user or a password" in message
    assert "canary" not in message


@pytest.mark.parametrize(
    "url",
    ["https://a b", "\x00", "https://a\nb", "https://my_store:9000", "https://a/?b", "https://a#b", "a..b"],
)
def test_an_endpoint_that_no_client_takes_is_refused_before_there_is_one(url: str) -> None:
    assert "should be valid URL" in faults({"aws.endpoint": url})["aws.endpoint"]


@pytest.mark.parametrize(
    "url", ["minio:9000", "http://[::1]:9000/", "https://s3.eu-north-1.amazonaws.com/path"]
)
def test_other_endpoints_are_taken(url: str) -> None:
    assert faults({"aws.endpoint": url}) == {}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("aws.access.key.id", "AKIA\n"),
        ("aws.access.key.id", "AKIA canary"),
        ("aws.access.key.id", "canary-ключ"),
        ("aws.secret.access.key", "canary\n"),
        ("aws.session.token", "canary\r\nX-Header: y"),
    ],
)
def test_keys_that_cannot_be_sent_are_refused_and_not_shown(option: str, value: str) -> None:
    message = faults({**KEYS, "aws.session.token": "t", option: value})[option]
    assert "look at its ends" in message
    assert "canary" not in message


@pytest.mark.parametrize("option", ["aws.profile", "aws.tls.ca.bundle", "aws.web.identity.token.file"])
def test_names_and_paths_hold_no_control_character(option: str) -> None:
    assert "control character" in faults({option: "a\x00b"})[option]


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:role/größe",
        "arn:aws:iam::123456789012:role/path/",
        "arn:aws:iam::123456789012:role/" + "a" * 65,
        "arn:awsfoo:iam::123456789012:role/a",
    ],
)
def test_an_arn_that_no_role_can_have_is_refused(arn: str) -> None:
    assert "not the ARN of a role" in faults({"aws.sts.role.arn": arn})["aws.sts.role.arn"]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso-b"])
def test_a_role_may_have_a_path_in_any_partition(partition: str) -> None:
    assert faults({"aws.sts.role.arn": f"arn:{partition}:iam::123456789012:role/a/b.c/d_e@f"}) == {}


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ("team=a,Team=b", "differ in more than case"),
        ("aws:x=1", "starts? with aws:"),
        (" =1", "name=value"),
        ("a\nb=c", "name=value"),
    ],
)
def test_session_tags_that_sts_refuses_are_refused_before(tags: str, fault: str) -> None:
    found = faults({"aws.sts.role.arn": ROLE, "aws.sts.role.session.tags": tags})
    assert re.search(fault, found["aws.sts.role.session.tags"])


def test_the_region_of_a_buckets_url_will_do_for_an_sts_endpoint() -> None:
    url = "https://lake.s3.eu-north-1.amazonaws.com"
    sts = {"aws.sts.role.arn": ROLE, "aws.sts.config.endpoint": "https://sts.eu-north-1.amazonaws.com"}
    config = S3Config({**sts, "aws.s3.url": url})
    assert not list(config.problems())
    assert config.identity("c").sts_region == "eu-north-1"
    nowhere = S3Config({**sts, "aws.s3.url": "https://lake.s3.amazonaws.com"})
    assert [problem.option for problem in nowhere.problems()] == ["aws.sts.config.endpoint"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://lake.s3.eu-north-1.amazonaws.com/in/here/", "names in/here within the bucket"),
        ("https://s3.eu-north-1.amazonaws.com/lake/in", "names in within the bucket"),
        ("s3://lake/in", "names in within the bucket"),
        ("https://lake.s3-fips.us-gov-west-1.amazonaws.com", "fills bucket and region only"),
        ("https://lake.s3.dualstack.eu-north-1.amazonaws.com", "fills bucket and region only"),
    ],
)
def test_what_a_buckets_url_says_beyond_bucket_and_region_is_not_left_out_silently(
    url: str, said: str
) -> None:
    assert [note for note in S3Config({"aws.s3.url": url}).notes() if said in note]
    plain = S3Config({"aws.s3.url": "https://s3.eu-north-1.amazonaws.com/lake/"})
    assert not list(plain.notes())
