import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.config.masking import HIDDEN, looks_secret, masked


@pytest.mark.parametrize(
    "name",
    [
        "aws.secret.access.key", "sasl.password", "consumer.override.sasl.jaas.config", "ssl.key.password",
        "db.passwd", "aws.session.token", "value.converter.basic.auth.user.info", "ssl.keystore.key",
        "ssl.key.pem",
        "sftpPassword", "oauth.client_secret", "api.key", "gcp.credentials", "token", "SASL.PASSWORD",
        "CONNECT_CONSUMER_SASL_JAAS_CONFIG", "aws_session_token", "aws.s3.sse.customer.key",
    ],
)  # fmt: skip
def test_names_of_secrets_are_known_by_sight(name: str) -> None:
    assert looks_secret(name)
    assert masked({name: "s3cret"}) == {name: HIDDEN}


@pytest.mark.parametrize(
    "name",
    [
        "name", "topics", "key.converter", "aws.s3.bucket.name", "file.name.template", "aws.sts.role.arn",
        "sasl.oauthbearer.token.endpoint.url", "aws.credentials.provider", "tokens.max",
        "format.output.fields",
        "sasl.mechanism", "ssl.key.location", "transforms.key.field",
    ],
)  # fmt: skip
def test_other_names_show_their_values(name: str) -> None:
    assert masked({name: "shown"}) == {name: "shown"}


def test_options_that_are_declared_secret_are_hidden_whatever_their_name() -> None:
    assert masked({"aws.access.key.id": "AKIA", "a": "1"}, {"aws.access.key.id"}) == {
        "aws.access.key.id": HIDDEN,
        "a": "1",
    }


def test_a_bare_reference_stays_but_not_what_stands_beside_one() -> None:
    config = {
        "a.password": "${file:/etc/keys:password}",
        "b.password": "x${env:P}",
        "c.password": "${env:A}${env:B}",
        "d.password": "${plain}",
        "e.password": "",
    }
    assert masked(config) == {
        "a.password": "${file:/etc/keys:password}",
        "b.password": HIDDEN,
        "c.password": HIDDEN,
        "d.password": HIDDEN,
        "e.password": "",
    }


@given(st.dictionaries(st.text(), st.text()))
def test_masking_changes_nothing_but_values_and_no_value_twice(config: dict[str, str]) -> None:
    once = masked(config)
    assert list(once) == list(config)
    assert masked(once) == once
    assert {config[key] for key in config if once[key] != config[key]} <= set(config.values())
    assert all(once[key] == config[key] or HIDDEN in once[key] for key in config)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://reader:s3cret@registry:8081/", f"https://{HIDDEN}@registry:8081/"),
        ("http://a:b@one,http://c:d@two", f"http://{HIDDEN}@one,http://{HIDDEN}@two"),
        ("http://registry:8081/a@b", "http://registry:8081/a@b"),
        ("see http://registry and mail a:b@c", "see http://registry and mail a:b@c"),
    ],
)
def test_name_and_password_in_a_url_are_hidden_whatever_the_option(url: str, shown: str) -> None:
    assert masked({"value.converter.schema.registry.url": url}) == {
        "value.converter.schema.registry.url": shown
    }
