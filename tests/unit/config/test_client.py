import pytest
from confluent_kafka import Consumer, KafkaException

from connector.config.client import CLIENT_NAMES, ClientConfig, translate

IAM = "software.amazon.msk.auth.iam.IAMLoginModule"
OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
OAUTH_HANDLER = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler"
PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="s3cret";'


def fault(properties: dict[str, str]) -> tuple[str, str]:
    (problem,) = translate(properties).problems
    assert "s3cret" not in str(problem)
    return problem.option, problem.message


@pytest.mark.parametrize(
    ("java", "librdkafka"),
    [
        ({"fetch.max.wait.ms": "7"}, {"fetch.wait.max.ms": "7"}),
        ({"metadata.max.age.ms": "2000"}, {"topic.metadata.refresh.interval.ms": "2000"}),
        ({"metadata.max.age.ms": "86400000"}, {"topic.metadata.refresh.interval.ms": "3600000"}),
        ({"metadata.max.age.ms": "0"}, {"topic.metadata.refresh.interval.ms": "100"}),
        (
            {"topic.metadata.refresh.interval.ms": "5", "metadata.max.age.ms": "2000"},
            {"topic.metadata.refresh.interval.ms": "5"},
        ),
        ({"request.timeout.ms": "40000"}, {"socket.timeout.ms": "40000"}),
        ({"receive.buffer.bytes": "-1"}, {"socket.receive.buffer.bytes": "0"}),
        ({"auto.offset.reset": "none"}, {"auto.offset.reset": "error"}),
        ({"ssl.endpoint.identification.algorithm": ""}, {"ssl.endpoint.identification.algorithm": "none"}),
        ({"security.protocol": "SASL_SSL"}, {"security.protocol": "SASL_SSL"}),
        ({"max.partition.fetch.bytes": " 1048576 "}, {"max.partition.fetch.bytes": "1048576"}),
        ({"fetch.queue.backoff.ms": "5"}, {"fetch.queue.backoff.ms": "5"}),
        ({"sasl.jaas.config": PLAIN}, {"sasl.username": "u", "sasl.password": "s3cret"}),
        (
            {"sasl.jaas.config": 'x.OAuthBearerLoginModule required clientId="c" clientSecret="s";'},
            {
                "sasl.oauthbearer.method": "oidc",
                "sasl.oauthbearer.client.id": "c",
                "sasl.oauthbearer.client.secret": "s",
            },
        ),
        (
            {
                "sasl.jaas.config": f"{OAUTH} required extension_logicalCluster='lkc-1';",
                "sasl.login.callback.handler.class": OAUTH_HANDLER,
                "sasl.oauthbearer.client.credentials.client.id": "c",
                "sasl.oauthbearer.client.credentials.client.secret": "s",
                "sasl.oauthbearer.token.endpoint.url": "https://login/token",
                "sasl.oauthbearer.scope": "kafka",
            },
            {
                "sasl.oauthbearer.method": "oidc",
                "sasl.oauthbearer.client.credentials.client.id": "c",
                "sasl.oauthbearer.client.credentials.client.secret": "s",
                "sasl.oauthbearer.token.endpoint.url": "https://login/token",
                "sasl.oauthbearer.scope": "kafka",
                "sasl.oauthbearer.extensions": "logicalCluster=lkc-1",
            },
        ),
        (
            {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "AWS_MSK_IAM",
                "sasl.jaas.config": f"{IAM} required awsRoleArn='arn:aws:iam::1:role/r' awsDebugCreds=true;",
                "sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
            },
            {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.oauthbearer.method": "default",
                "sasl.oauthbearer.config": 'aws-msk-iam {"role_arn": "arn:aws:iam::1:role/r"}',
            },
        ),
        (
            {
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.jaas.config": f"{OAUTH} required;",
                "sasl.login.callback.handler.class": "x.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler",
            },
            {
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.oauthbearer.method": "default",
                "sasl.oauthbearer.config": "aws-msk-iam {}",
            },
        ),
        (
            {"sasl.jaas.config": 'x.Krb5LoginModule required keyTab="/k" principal="p" useKeyTab=true;'},
            {"sasl.kerberos.keytab": "/k", "sasl.kerberos.principal": "p"},
        ),
        ({"ssl.truststore.location": "/ca.pem"}, {"ssl.ca.location": "/ca.pem"}),
        ({"ssl.truststore.location": "/ca", "ssl.truststore.type": "PEM"}, {"ssl.ca.location": "/ca"}),
        (
            {"ssl.keystore.location": "/k", "ssl.keystore.type": "PEM", "ssl.key.password": "s"},
            {"ssl.certificate.location": "/k", "ssl.key.location": "/k", "ssl.key.password": "s"},
        ),
    ],
)
def test_java_properties_become_what_librdkafka_takes(
    java: dict[str, str], librdkafka: dict[str, str]
) -> None:
    translated = translate(java)
    assert translated.config == librdkafka
    assert translated.problems == []
    assert translated.unknown == {}


@pytest.mark.parametrize(
    "name",
    ["key.deserializer", "value.deserializer", "default.api.timeout.ms", "enable.auto.commit", "group.id",
     "interceptor.classes", "ssl.protocol", "partition.assignment.strategy"],
)  # fmt: skip
def test_java_names_without_a_meaning_are_ignored_with_a_reason(name: str) -> None:
    translated = translate({name: "x"})
    assert translated.config == {}
    assert translated.problems == []
    assert translated.ignored[name]


def test_names_that_no_client_knows_are_reported_with_the_probable_one() -> None:
    translated = translate({"fetch.min.byte": "1", "bananas": "1", "fetch.min.bytes": "1"})
    assert translated.unknown == {"fetch.min.byte": "fetch.min.bytes", "bananas": None}
    assert translated.config == {"fetch.min.bytes": "1"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("auto.offset.reset", "erliest"), ("fetch.min.bytes", "many"), ("security.protocol", "TLS")],
)
def test_values_that_librdkafka_refuses_are_named(name: str, value: str) -> None:
    option, message = fault({name: value})
    assert option == name
    assert value in message


@pytest.mark.parametrize(
    ("properties", "option"),
    [
        ({"session.timeout.ms": "300001"}, "session.timeout.ms"),
        ({"max.poll.interval.ms": "44999"}, "max.poll.interval.ms"),
        ({"session.timeout.ms": "6000", "max.poll.interval.ms": "5000"}, "session.timeout.ms"),
    ],
)
def test_a_session_that_outlasts_polls_is_refused_as_librdkafka_would_later(
    properties: dict[str, str], option: str
) -> None:
    (problem,) = translate(properties).problems
    assert problem.option == option
    assert "must not exceed max.poll.interval.ms" in problem.message
    with pytest.raises(KafkaException):
        Consumer({"group.id": "none", **properties})


def test_numbers_as_c_writes_them_are_left_to_librdkafka() -> None:
    assert translate({"session.timeout.ms": "0x1770"}).config == {"session.timeout.ms": "0x1770"}


def test_a_session_as_long_as_polls_may_be_is_none_of_these_faults() -> None:
    properties = {"session.timeout.ms": "6000", "max.poll.interval.ms": "6000"}
    assert translate(properties).problems == []
    Consumer({"group.id": "none", **properties}).close()


def test_a_secret_that_librdkafka_refuses_is_not_shown() -> None:
    # librdkafka has this name, and lets nobody set it from text.
    option, message = fault({"ssl_key": "s3cret"})
    assert option == "ssl_key"
    assert "does not accept the value." in message


def test_every_fault_is_found_at_once_and_the_good_values_are_kept() -> None:
    translated = translate({"fetch.min.bytes": "x", "isolation.level": "y", "client.id": "z"})
    assert [problem.option for problem in translated.problems] == ["fetch.min.bytes", "isolation.level"]
    assert translated.config == {"client.id": "z"}


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"sasl.jaas.config": "s3cret"}, "Not a JAAS entry"),
        ({"sasl.jaas.config": 'x.PlainLoginModule required password="s3cret";'}, "lacks username"),
        ({"sasl.jaas.config": "com.sun.security.auth.module.LdapLoginModule required;"}, "LdapLoginModule"),
        ({"sasl.jaas.config": f"{OAUTH} required;"}, "lacks clientId and clientSecret"),
        ({"sasl.login.callback.handler.class": "io.strimzi.JaasHandler"}, "JaasHandler is Java code"),
        ({"sasl.mechanism": "AWS_MSK_IAM"}, "AWS_MSK_IAM needs sasl.jaas.config="),
        ({"sasl.jaas.config": f'{IAM} required awsRoleSecretAccessKey="s3cret";'}, "awsRoleSecretAccessKey"),
        ({"sasl.jaas.config": f'{IAM} required awsRoleSessionName="s";'}, "lacks awsRoleArn"),
        ({"sasl.jaas.config": f"{IAM} required;", "security.protocol": "SASL_PLAINTEXT"}, "SASL_SSL"),
        ({"ssl.truststore.location": "/trust.jks"}, "cannot be read (No such file"),
        ({"ssl.truststore.location": "/dev/zero"}, "it is no file"),
        ({"ssl.truststore.location": __file__}, "it is no key store"),
        ({"ssl.keystore.location": "/key.p12", "ssl.keystore.type": "PKCS12"}, "cannot be read"),
    ],
)
def test_what_only_java_can_read_says_what_to_do_instead(properties: dict[str, str], reason: str) -> None:
    option, message = fault(properties)
    assert option in properties
    assert reason in message


def test_every_name_that_is_suggested_is_one_that_is_known() -> None:
    for name in CLIENT_NAMES:
        assert translate({name: "1"}).unknown == {}


def test_credentials_are_in_no_repr() -> None:
    translated: ClientConfig = translate({"sasl.jaas.config": PLAIN})
    assert "s3cret" not in repr(translated)
