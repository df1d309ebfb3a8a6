"""Tokens for Amazon MSK: their form, how long they last, and who is shown one."""

from __future__ import annotations

import base64
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import ReadOnlyCredentials
from confluent_kafka import KafkaException

from connector.aws.msk import signed, with_login
from connector.config.bounds import Bounds
from connector.config.client import translate
from connector.config.msk import region_of
from connector.config.override import connecting, overlaid, override_problems
from connector.errors import ConfigError

IAM = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "AWS_MSK_IAM",
    "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
}
SERVERS = "b-1.name.x1.c2.kafka.eu-west-1.amazonaws.com:9098"


def client(servers: str = SERVERS, **changed: str) -> dict[str, str]:
    return {"bootstrap.servers": servers, **translate(IAM).config, **changed}


def query(token: str) -> dict[str, list[str]]:
    padded = token + "=" * (-len(token) % 4)
    return parse_qs(urlsplit(base64.urlsafe_b64decode(padded).decode()).query)


def test_a_token_is_a_presigned_request_that_ends_with_its_quarter_of_an_hour() -> None:
    keys = ReadOnlyCredentials("AKID", "secret", "session")
    before = time.time()
    token, ends = signed(keys, "eu-west-1")
    told = query(token)
    assert told["Action"] == ["kafka-cluster:Connect"]
    assert told["X-Amz-Expires"] == ["900"]
    assert told["X-Amz-Security-Token"] == ["session"]
    assert told["X-Amz-Credential"][0].endswith("/eu-west-1/kafka-cluster/aws4_request")
    assert told["User-Agent"]
    assert "=" not in token
    assert before + 895 <= ends <= time.time() + 905


def test_no_token_outlives_the_keys_that_signed_it() -> None:
    _, ends = signed(ReadOnlyCredentials("AKID", "secret", "session"), "eu-west-1", ends=123.0)
    assert ends == 123.0


@pytest.mark.parametrize(
    ("servers", "region"),
    [
        (f"{SERVERS},b-2.name.x1.c2.kafka.eu-west-1.amazonaws.com:9098", "eu-west-1"),
        ("boot-a.c1.kafka-serverless.us-gov-west-1.amazonaws.com:9098", "us-gov-west-1"),
        ("b-1.n.x.c2.kafka.cn-north-1.amazonaws.com.cn:9098", "cn-north-1"),
        ("broker.example.com:9098", None),
        (f"{SERVERS},broker.example.com:9098", None),
        ("b-1.n.x.c2.kafka.eu-west-1.amazonaws.com.example.com:9098", None),
        ("ec2-1-2-3-4.eu-west-1.compute.amazonaws.com:9098", None),
    ],
)
def test_the_names_of_msk_s_brokers_tell_their_region(servers: str, region: str | None) -> None:
    assert region_of(servers) == region


def test_the_client_is_told_who_signs_in_the_region_of_its_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    token, _ = with_login(client())["oauth_cb"]("")
    assert "/eu-west-1/" in query(token)["X-Amz-Credential"][0]


@pytest.mark.parametrize(
    ("variable", "profile", "region"),
    [("ap-south-1", "sa-east-1", "ap-south-1"), ("", "sa-east-1", "sa-east-1"), ("", "", "us-east-2")],
)
def test_behind_other_names_the_region_is_the_machine_s_and_then_that_of_sts(
    monkeypatch: pytest.MonkeyPatch, variable: str, profile: str, region: str
) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "secret")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", variable)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    if profile:
        monkeypatch.setenv("AWS_DEFAULT_REGION", profile)
    jaas = {"sasl.jaas.config": "x.IAMLoginModule required awsStsRegion=us-east-2;"}
    config = {"bootstrap.servers": "kafka.internal:9098", **translate({**IAM, **jaas}).config}
    token, _ = with_login(config)["oauth_cb"]("")
    assert f"/{region}/" in query(token)["X-Amz-Credential"][0]


def test_a_token_never_travels_in_clear() -> None:
    with pytest.raises(ConfigError, match=r"security\.protocol: must be SASL_SSL"):
        with_login(client(**{"security.protocol": "SASL_PLAINTEXT"}))


def test_without_credentials_no_client_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    jaas = {"sasl.jaas.config": "x.IAMLoginModule required awsProfileName=nobody;"}
    with pytest.raises(KafkaException, match="nobody"):
        with_login({"bootstrap.servers": SERVERS, **translate({**IAM, **jaas}).config})


@pytest.mark.parametrize(
    "own",
    [
        {
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": 'x.PlainLoginModule required username="u" password="p";',
        },
        {
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.jaas.config": 'x.OAuthBearerLoginModule required clientId="c" clientSecret="s";',
        },
        {"bootstrap.servers": "elsewhere:9092"},
    ],
)
def test_a_connector_that_logs_in_otherwise_is_signed_nothing(own: dict[str, str]) -> None:
    assert "oauth_cb" not in with_login(connecting(client(), translate(own).config))


@pytest.mark.parametrize(("servers", "refused"), [(SERVERS, 0), ("elsewhere.example.com:9098", 1)])
def test_a_connector_has_tokens_shown_to_no_brokers_but_msk_s(servers: str, refused: int) -> None:
    own = {**IAM, "bootstrap.servers": servers}
    problems = list(override_problems("consumer.override.", own, translate(own).config, Bounds()))
    assert len(problems) == refused
    for problem in problems:
        assert problem.option == "consumer.override.bootstrap.servers"


def test_certificates_of_a_connector_take_the_place_of_the_worker_s() -> None:
    worker = {"ssl.ca.location": "/ca", "ssl.key.location": "/k", "client.id": "a"}
    assert overlaid(worker, {"ssl.ca.pem": "PEM"}) == {
        "ssl.key.location": "/k",
        "client.id": "a",
        "ssl.ca.pem": "PEM",
    }


def test_a_store_out_of_bounds_is_not_read() -> None:
    bounds = Bounds(paths=("/srv",))
    for path in (__file__, "/nowhere.jks"):
        (problem,) = translate({"ssl.truststore.location": path}, bounds).problems
        assert "outside of what connectors may" in problem.message
