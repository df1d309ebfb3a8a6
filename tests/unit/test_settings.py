import os
import pickle
from pathlib import Path

import pytest

from connector.config.bounds import Bounds
from connector.config.client import translate
from connector.config.listener import Listener
from connector.config.override import OverridePolicy
from connector.errors import ConfigError
from connector.settings import WorkerSettings

BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
GUESSES = "org.apache.kafka.connect.storage.SimpleHeaderConverter"
JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="s3cret";'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worker.properties"


def load(path: Path, *lines: str, **environ: str) -> WorkerSettings:
    path.write_text("\n".join(["bootstrap.servers=broker:9092", *lines]))
    return WorkerSettings.load(path, environ)


def faults(path: Path | None, **environ: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as raised:
        WorkerSettings.load(path, environ)
    assert "s3cret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    return {problem.option: problem.message for problem in raised.value.problems}


def test_brokers_are_all_that_must_be_set(path: Path) -> None:
    settings = load(path)
    assert settings.bootstrap_servers == "broker:9092"
    assert (settings.key_converter, settings.value_converter) == (BYTES, BYTES)
    assert settings.header_converter == GUESSES
    assert settings.offset_flush_interval_ms == 60_000
    assert settings.offset_flush_timeout_ms == 5_000
    assert settings.task_shutdown_graceful_timeout_ms == 5_000
    assert settings.poll_records == 10_000
    assert (settings.log_level, settings.log_format, settings.rest_config_secrets) == (
        "INFO",
        "text",
        "masked",
    )
    assert settings.unknown == {}
    assert settings.ignored == {}


def test_the_rest_api_is_closed_to_other_machines_by_default(path: Path) -> None:
    assert load(path).listeners == (Listener("127.0.0.1", 8083),)


def test_the_quickstart_file_of_kafka_connect_works_as_it_is(path: Path) -> None:
    settings = load(
        path,
        "key.converter=org.apache.kafka.connect.json.JsonConverter",
        "value.converter=org.apache.kafka.connect.json.JsonConverter",
        "key.converter.schemas.enable=true",
        "value.converter.schemas.enable=false",
        "offset.storage.file.filename=/tmp/connect.offsets",
        "offset.flush.interval.ms=10000",
        "plugin.path=/usr/local/share/java",
        "listeners=http://:8083",
    )
    assert settings.converter_class("key") == "org.apache.kafka.connect.json.JsonConverter"
    assert settings.converter_class("header") == GUESSES
    assert settings.converter_config("key") == {"schemas.enable": "true"}
    assert settings.converter_config("value") == {"schemas.enable": "false"}
    assert settings.converter_config("header") == {}
    assert settings.offset_flush_interval_ms == 10_000
    assert settings.listeners == (Listener("", 8083),)
    assert settings.unknown == {}
    assert set(settings.ignored) == {"offset.storage.file.filename", "plugin.path"}


def test_a_container_needs_no_file() -> None:
    environ = {
        "CONNECT_BOOTSTRAP_SERVERS": "a:1, SASL_SSL://b:2",
        "CONNECT_KEY_CONVERTER_SCHEMAS_ENABLE": "false",
        "CONNECT_CONSUMER_MAX_POLL_RECORDS": "500",
        "CONNECT_CONSUMER_FETCH_MAX_WAIT_MS": "7",
        "CONNECT_LOG_LEVEL": "warn",
        "CONNECT_LOG_FORMAT": "JSON",
        "PATH": "/bin",
    }
    settings = WorkerSettings.load(None, environ)
    assert settings.bootstrap_servers == "a:1,SASL_SSL://b:2"
    assert settings.converter_config("key") == {"schemas.enable": "false"}
    assert settings.poll_records == 500
    assert settings.consumer_config()["fetch.wait.max.ms"] == "7"
    assert (settings.log_level, settings.log_format) == ("WARNING", "json")
    assert settings.unknown == {}
    assert settings.ignored == {}


def test_the_environment_beats_the_file(path: Path) -> None:
    settings = load(path, "offset.flush.interval.ms=1", CONNECT_OFFSET_FLUSH_INTERVAL_MS="2")
    assert settings.offset_flush_interval_ms == 2


def test_only_the_environment_that_is_passed_counts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "CONNECT_LOG_LEVEL", "ERROR")
    monkeypatch.setitem(os.environ, "LOG_LEVEL", "ERROR")
    monkeypatch.setitem(os.environ, "log.level", "ERROR")
    assert load(path).log_level == "INFO"


def test_every_fault_is_told_at_once_under_the_name_that_the_user_wrote(path: Path) -> None:
    path.write_text(
        "offset.flush.interval.ms=soon\nlisteners=ftp://:8443\nlog.format=jsn\nkey.converter=\n"
        "consumer.auto.offset.reset=erliest\nssl.truststore.location=/trust.jks\n"
        "consumer.sasl.jaas.config=s3cret\nrest.advertised.listener=ftp\n"
    )
    found = faults(path, CONNECT_OFFSET_FLUSH_TIMEOUT_MS="0", CONNECT_CONSUMER_FETCH_MIN_BYTES="x")
    assert set(found) == {
        "bootstrap.servers", "offset.flush.interval.ms", "CONNECT_OFFSET_FLUSH_TIMEOUT_MS", "listeners",
        "log.format", "key.converter", "consumer.auto.offset.reset", "ssl.truststore.location",
        "consumer.sasl.jaas.config", "rest.advertised.listener", "CONNECT_CONSUMER_FETCH_MIN_BYTES",
    }  # fmt: skip
    assert "CONNECT_BOOTSTRAP_SERVERS" in found["bootstrap.servers"]
    assert "soon" in found["offset.flush.interval.ms"]
    assert "The default is 60000." in found["offset.flush.interval.ms"]
    assert 'Did you mean "json"?' in found["log.format"]


def test_missing_brokers_point_at_the_name_that_was_probably_meant() -> None:
    found = faults(None, CONNECT_BOOTSTRAP_SERVER="a:1")
    assert 'Did you mean it by "CONNECT_BOOTSTRAP_SERVER"?' in found["bootstrap.servers"]


@pytest.mark.parametrize("servers", ["", " , ", "broker", "broker:", ":9092", "a:1,b", "a:x"])
def test_brokers_without_host_or_port_are_refused(servers: str) -> None:
    assert faults(None, CONNECT_BOOTSTRAP_SERVERS=servers).keys() == {"CONNECT_BOOTSTRAP_SERVERS"}


def test_unknown_properties_are_reported_with_what_was_probably_meant_spelled_alike(path: Path) -> None:
    settings = load(
        path,
        "offset.flush.intervall.ms=1",
        "consumer.fetch.min.byte=1",
        "sasl.mechanisn=PLAIN",
        "bananas=1",
        CONNECT_REST_ADVERTISED_HOSTNAME="x",
    )
    assert settings.unknown == {
        "offset.flush.intervall.ms": "offset.flush.interval.ms",
        "consumer.fetch.min.byte": "consumer.fetch.min.bytes",
        "sasl.mechanisn": "sasl.mechanism",
        "bananas": None,
        "CONNECT_REST_ADVERTISED_HOSTNAME": "CONNECT_REST_ADVERTISED_HOST_NAME",
    }
    assert "fetch.min.byte" not in settings.consumer_config()


def test_properties_of_distributed_mode_are_known_and_ignored(path: Path) -> None:
    settings = load(
        path,
        "group.id=g",
        "config.storage.topic=c",
        "producer.key.serializer=x",
        "consumer.key.deserializer=x",
    )
    assert settings.unknown == {}
    assert set(settings.ignored) == {
        "group.id", "config.storage.topic", "producer.key.serializer", "consumer.key.deserializer",
    }  # fmt: skip


def test_producers_have_what_is_given_for_them(path: Path) -> None:
    settings = load(path, "producer.acks=1", "producer.max.request.size=2000", "producer.lingr.ms=5")
    assert settings.producer_config() == {"acks": "1", "message.max.bytes": "2000"}
    assert settings.unknown == {"producer.lingr.ms": "producer.linger.ms"}


def test_consumers_connect_as_the_worker_does_unless_told_otherwise(path: Path) -> None:
    settings = load(
        path,
        "security.protocol=SASL_SSL",
        "sasl.mechanism=SCRAM-SHA-512",
        f"sasl.jaas.config={JAAS}",
        "consumer.security.protocol=SASL_PLAINTEXT",
        "consumer.auto.offset.reset=latest",
    )
    assert settings.client_config() == {
        "bootstrap.servers": "broker:9092",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "u",
        "sasl.password": "s3cret",
    }
    assert settings.consumer_config() == {
        **settings.client_config(),
        "security.protocol": "SASL_PLAINTEXT",
        "auto.offset.reset": "latest",
    }


def test_the_workers_credentials_are_not_sent_to_another_cluster(path: Path) -> None:
    settings = load(path, f"sasl.jaas.config={JAAS}", "consumer.bootstrap.servers=other:9092")
    assert settings.consumer_config() == {"bootstrap.servers": "other:9092"}


def test_secrets_are_in_no_repr_dump_or_error(path: Path) -> None:
    lines = (
        f"sasl.jaas.config={JAAS}",
        "ssl.key.password=s3cret",
        "consumer.sasl.password=s3cret",
        "value.converter.basic.auth.user.info=u:s3cret",
    )
    settings = load(path, *lines)
    shown = [repr(settings), str(settings), settings.model_dump_json(), repr(settings.unknown)]
    assert not any("s3cret" in text for text in [*shown, repr(settings.ignored)])
    path.write_text("\n".join([*lines, "ssl.endpoint.identification.algorithm=x", "log.level=loud"]))
    assert set(faults(path)) == {"bootstrap.servers", "ssl.endpoint.identification.algorithm", "log.level"}


@pytest.mark.parametrize(
    ("lines", "worker_id"),
    [
        ([], "127.0.0.1:8083"),
        (["listeners=http://[::1]:80,http://a:81"], "[::1]:80"),
        (["rest.advertised.host.name=w1.example", "rest.advertised.port=443"], "w1.example:443"),
    ],
)
def test_the_worker_is_named_by_the_address_that_it_advertises(
    path: Path, lines: list[str], worker_id: str
) -> None:
    assert load(path, *lines).worker_id == worker_id


@pytest.mark.parametrize("host", ["", "0.0.0.0", "[::]"])
def test_a_worker_on_every_interface_is_named_by_its_host(
    path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "w2")
    assert load(path, f"listeners=http://{host}:8083").worker_id == "w2:8083"


def test_the_level_of_the_log_may_be_given_as_the_images_of_kafka_connect_take_it(path: Path) -> None:
    assert load(path, CONNECT_LOG4J_ROOT_LOGLEVEL="WARN").log_level == "WARNING"
    both = load(path, CONNECT_LOG4J_ROOT_LOGLEVEL="DEBUG", CONNECT_LOG_LEVEL="ERROR")
    assert both.log_level == "ERROR"
    assert "CONNECT_LOG4J_ROOT_LOGLEVEL" in faults(path, CONNECT_LOG4J_ROOT_LOGLEVEL="loud")


def test_settings_cannot_be_changed_after_loading(path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(path).log_level = "DEBUG"


def test_settings_survive_being_sent_to_another_process(path: Path) -> None:
    settings = load(path, "consumer.fetch.min.bytes=2", "key.converter.a=b")
    again = pickle.loads(pickle.dumps(settings))
    assert again.consumer_config() == settings.consumer_config()
    assert again.converter_config("key") == {"a": "b"}


def test_every_default_is_one_that_the_validators_accept(path: Path) -> None:
    fields = {field.alias: field.default for field in WorkerSettings.model_fields.values()}
    texts = {name: default for name, default in fields.items() if isinstance(default, str | int)}
    lines = [f"{name}={default}" for name, default in texts.items()]
    assert load(path, *lines).model_dump() == load(path).model_dump()


def test_every_setting_says_what_it_does() -> None:
    for field in WorkerSettings.model_fields.values():
        assert field.alias
        assert field.description
        assert field.description.endswith((".", ";"))


def test_odd_names_never_reach_the_settings_class(path: Path) -> None:
    settings = load(path, "_env_file=/etc/passwd", "_case_sensitive=true", "model_config=x")
    assert set(settings.unknown) == {"_env_file", "_case_sensitive", "model_config"}


def test_client_properties_are_translated_the_same_way_everywhere(path: Path) -> None:
    properties = {"fetch.max.wait.ms": "3", "client.rack": "r"}
    settings = load(path, *(f"consumer.{name}={value}" for name, value in properties.items()))
    assert settings.consumer_config().items() >= translate(properties).config.items()


def test_worker_properties_refer_to_the_workers_own_providers(path: Path, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("password=s3cret-of-the-broker\nport=nonsense")
    settings = load(
        path,
        f"consumer.sasl.password=${{secrets:{tmp_path}/keys:password}}",
        CONNECT_CONFIG_PROVIDERS="secrets",
        CONNECT_CONFIG_PROVIDERS_SECRETS_CLASS="FileConfigProvider",
        CONNECT_CONFIG_PROVIDERS_SECRETS_PARAM_ALLOWED_PATHS=str(tmp_path),
    )
    assert settings.consumer_config()["sasl.password"] == "s3cret-of-the-broker"
    assert not {*settings.unknown, *settings.ignored} & {
        "CONNECT_CONFIG_PROVIDERS_SECRETS_CLASS",
        "CONNECT_CONFIG_PROVIDERS_SECRETS_PARAM_ALLOWED_PATHS",
    }
    assert "s3cret" not in repr(settings)


def test_faults_of_references_in_worker_properties_are_told_by_the_name_the_user_wrote(
    path: Path, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text("interval=s3cret-nonsense")
    path.write_text(
        "bootstrap.servers=broker:9092\nconfig.providers=file\nconfig.providers.file.class=file\n"
        f"offset.flush.interval.ms=${{file:{tmp_path}/keys:interval}}\n"
    )
    found = faults(path, CONNECT_LOG_LEVEL="${vault:a:b}")
    assert set(found) == {"offset.flush.interval.ms", "CONNECT_LOG_LEVEL"}
    assert f"${{file:{tmp_path}/keys:interval}}" in found["offset.flush.interval.ms"]
    assert "no config provider vault" in found["CONNECT_LOG_LEVEL"]


def test_a_misspelt_restriction_of_a_provider_is_refused(path: Path) -> None:
    path.write_text(
        "bootstrap.servers=broker:9092\nconfig.providers=file\nconfig.providers.file.class=file\n"
    )
    found = faults(path, CONNECT_CONFIG_PROVIDERS_FILE_PARAM_ALLOWED_PATH="/etc")
    assert set(found) == {"CONNECT_CONFIG_PROVIDERS_FILE_PARAM_ALLOWED_PATH"}


def test_what_to_do_about_a_wrong_value_is_said_without_the_words_of_python(path: Path) -> None:
    path.write_text("bootstrap.servers=b:1\nmetrics.jmx.names=foo\nrest.writes.per.second=nan\n")
    found = faults(path)
    assert found["metrics.jmx.names"].endswith("It should be 'confluent' or 'strimzi'. Remove it.")
    assert found["rest.writes.per.second"].endswith("It should be a finite number. The default is 50.0.")


def test_faults_of_providers_are_told_with_all_that_does_not_refer_to_them(
    path: Path, tmp_path: Path
) -> None:
    path.write_text(
        "config.providers=file,vault\nconfig.providers.file.class=file\nconfig.providers.vault.class=valut\n"
        f"value.converter=strnig\nrest.writes.per.second=${{file:{tmp_path}/keys:writes}}\n"
        "offset.flush.interval.ms=often\n"
    )
    assert set(faults(path)) == {
        "config.providers.vault.class", "bootstrap.servers", "offset.flush.interval.ms", "value.converter",
    }  # fmt: skip


def test_properties_of_a_provider_that_is_not_named_are_unknown(path: Path) -> None:
    settings = load(path, "config.providers.file.class=file")
    assert "config.providers.file.class" in settings.unknown


def test_the_override_policy_goes_by_name_or_class_and_another_is_refused(path: Path) -> None:
    option = "connector.client.config.override.policy"
    java = "org.apache.kafka.connect.connector.policy.AllowlistConnectorClientConfigOverridePolicy"
    settings = load(path, "bootstrap.servers=a:1", f"{option}={java}", f"{option[:-6]}allowlist=a, b")
    assert settings.override_policy == OverridePolicy("Allowlist", frozenset({"a", "b"}))
    assert load(path, "bootstrap.servers=a:1", f"{option}=None").override_policy.name == "None"
    assert load(path, "bootstrap.servers=a:1").override_policy.name == "All"
    variable = "CONNECT_CONNECTOR_CLIENT_CONFIG_OVERRIDE_POLICY"
    assert variable in faults(None, CONNECT_BOOTSTRAP_SERVERS="a:1", **{variable: "x"})


def test_no_bound_is_something_else_than_one_that_allows_nothing(path: Path) -> None:
    assert load(path, "bootstrap.servers=a:1").bounds == Bounds()
    lines = ("bootstrap.servers=a:1", "connectors.allowed.hosts=", "connectors.allowed.paths=/a, /b")
    assert load(path, *lines).bounds == Bounds((), ("/a", "/b"))


@pytest.mark.parametrize("role", ["key", "value", "header"])
def test_a_converter_that_is_not_there_is_refused_before_any_connector_needs_it(role: str) -> None:
    variable = f"CONNECT_{role.upper()}_CONVERTER"
    found = faults(None, CONNECT_BOOTSTRAP_SERVERS="b:1", **{variable: "org.acme.JsonConvertr"})
    assert list(found) == [variable]
    assert "Class org.acme.JsonConvertr could not be found" in found[variable]


def test_variables_of_other_images_are_told_by_the_name_that_they_have_here() -> None:
    debezium = {"BOOTSTRAP_SERVERS": "b:1", "KEY_CONVERTER": "x", "GROUP_ID": "1", "PATH": "/bin"}
    assert "BOOTSTRAP_SERVERS is what another image" in faults(None, **debezium)["bootstrap.servers"]
    settings = WorkerSettings.load(None, {**debezium, "CONNECT_BOOTSTRAP_SERVERS": "b:2"})
    assert settings.unknown == {"KEY_CONVERTER": "CONNECT_KEY_CONVERTER"}
    assert settings.bootstrap_servers == "b:2"


def test_a_port_as_old_versions_took_it_is_told_where_it_belongs_now() -> None:
    settings = WorkerSettings.load(None, {"CONNECT_BOOTSTRAP_SERVERS": "b:1", "CONNECT_REST_PORT": "8083"})
    assert "listeners" in settings.ignored["CONNECT_REST_PORT"]
