"""The chart, rendered by Helm itself for values that operators have."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jsonschema
import kubernetes_validate
import pytest
import yaml

from connector.cluster.settings import DistributedSettings
from connector.config.files import read_submission
from connector.environment import variable_name
from connector.process import _SPARE_SECONDS
from connector.properties import read_properties
from connector.runtime.task import LEAVE_SECONDS

if TYPE_CHECKING:
    from tests.deploy.conftest import Chart

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "kafka-aws-connector"
NAME = "r-kafka-aws-connector"

LEAST: dict[str, Any] = {"worker": {"bootstrap.servers": "broker-1:9092,broker-2:9092"}}
ORDERS: dict[str, Any] = {
    "config": {
        "connector.class": "s3",
        "topics": "orders,returns",
        "tasks.max": 4,
        "aws.s3.bucket.name": "lake",
        "aws.s3.region": "eu-north-1",
        "aws.s3.part.size.bytes": 5242880,
    }
}
SECURE: dict[str, Any] = {
    **LEAST,
    "workerSecrets": {"sasl.jaas.config": {"name": "kafka", "key": "jaas"}},
    "connectors": {"orders": {**ORDERS, "state": "PAUSED"}},
    "rest": {"tls": {"secretName": "rest-tls"}, "users": {"secretName": "rest-users"}},
    "apply": {"token": {"secretName": "rest-token"}, "schedule": "*/10 * * * *"},
    "networkPolicy": {
        "enabled": True,
        "restFrom": [{"podSelector": {"matchLabels": {"app": "console"}}}],
        "egress": [{"ports": [{"port": 9092}]}],
    },
    "serviceAccount": {"roleArn": "arn:aws:iam::123456789012:role/worker"},
    "extraVolumes": [{"name": "keys", "secret": {"secretName": "keys"}}],
    "extraVolumeMounts": [{"name": "keys", "mountPath": "/etc/keys", "readOnly": True}],
}
WATCHED: dict[str, Any] = {
    **LEAST,
    "serviceMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "dashboards": {"enabled": True},
}
SCALED: dict[str, Any] = {
    **LEAST,
    "autoscaling": {"type": "hpa", "hpa": {"cpu": 80, "lag": 1000000}},
    "podDisruptionBudget": {"maxUnavailable": "25%"},
    "resources": {"requests": {"cpu": 2, "memory": "2Gi"}},
}
KEDA: dict[str, Any] = {
    **LEAST,
    "connectors": {"orders": ORDERS},
    "autoscaling": {"type": "keda", "keda": {"authenticationRef": "kafka"}},
}
ALL = {"least": LEAST, "secure": SECURE, "watched": WATCHED, "scaled": SCALED, "keda": KEDA}
OF_OTHERS = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}
"""No schema of Kubernetes knows them, but those of their operators."""

KEY = {"name": "kafka", "key": "jaas"}


def stateful_set(chart: Chart, values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = chart.find(values, "StatefulSet")["spec"]
    return found


def container(chart: Chart, values: dict[str, Any]) -> dict[str, Any]:
    (found,) = stateful_set(chart, values)["template"]["spec"]["containers"]
    return dict(found)


def properties(chart: Chart, values: dict[str, Any], folder: Path, **environ: str) -> DistributedSettings:
    """What a worker makes of the file that it is given."""
    file = folder / "worker.properties"
    file.write_text(chart.find(values, "ConfigMap", f"{NAME}-worker")["data"]["worker.properties"])
    return DistributedSettings.load(file, environ)


class Definition(NamedTuple):
    """What an operator says of its objects."""

    version: str
    validator: jsonschema.Draft202012Validator


def definition_of(kind: str) -> Definition:
    """The operator's own, where the Makefile could get it."""
    files = list((Path(sys.prefix) / "operators").glob(f"*_{kind.lower()}s.yaml"))
    if not files:
        pytest.skip(f"needs the definition of {kind}, which make test has where Go is")
    spec = yaml.load(files[0].read_text(), yaml.CSafeLoader)["spec"]
    (version,) = [each for each in spec["versions"] if each["served"] and each["storage"]]
    # Not checked itself: it has regular expressions in the dialect of Go.
    validator = jsonschema.Draft202012Validator(without_strangers(version["schema"]["openAPIV3Schema"]))
    return Definition(f"{spec['group']}/{version['name']}", validator)


def without_strangers(schema: dict[str, Any]) -> dict[str, Any]:
    """The same, but what it does not name is refused; Kubernetes would leave it out without a word."""
    found = {
        key: without_strangers(value)
        if key in {"items", "additionalProperties"} and isinstance(value, dict)
        else value
        for key, value in schema.items()
    }
    if "properties" in schema:
        found["properties"] = {name: without_strangers(each) for name, each in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            found.setdefault("additionalProperties", False)
    return found


@pytest.mark.parametrize("kubernetes", ["1.25.0", "1.29.0", "1.33.0", "1.36.0"])
@pytest.mark.parametrize("values", ALL.values(), ids=ALL)
def test_kubernetes_takes_every_object(chart: Chart, values: dict[str, Any], kubernetes: str) -> None:
    objects = chart.render(values, kubernetes=kubernetes)
    assert len(objects) >= 6
    for each in objects:
        if each["kind"] not in OF_OTHERS:
            kubernetes_validate.validate(each, kubernetes.rpartition(".")[0], strict=True)


@pytest.mark.parametrize("kind", sorted(OF_OTHERS))
def test_operators_take_their_objects(chart: Chart, kind: str) -> None:
    found = chart.find(KEDA if kind == "ScaledObject" else WATCHED, kind)
    definition = definition_of(kind)
    assert found["apiVersion"] == definition.version
    assert list(definition.validator.iter_errors(found)) == []


def test_a_misspelt_field_is_found_by_the_definition_of_its_operator(chart: Chart) -> None:
    found = chart.find(KEDA, "ScaledObject")
    misspelt = {**found, "spec": {**found["spec"], "minReplicas": 2}}
    (error,) = definition_of("ScaledObject").validator.iter_errors(misspelt)
    assert "minReplicas" in error.message


def test_a_worker_takes_the_properties_that_the_chart_writes(chart: Chart, tmp_path: Path) -> None:
    settings = properties(chart, LEAST, tmp_path)
    assert settings.bootstrap_servers == "broker-1:9092,broker-2:9092"
    assert (settings.group_id, settings.config_storage_topic) == (NAME, f"{NAME}-configs")
    assert [str(each) for each in settings.listeners] == ["http://0.0.0.0:8083"]
    assert not settings.unknown


def test_odd_values_reach_the_worker_as_they_are(chart: Chart, tmp_path: Path) -> None:
    jaas = 'x.ScramLoginModule required username="a\\b" password="${file:/run/c d:e}";'
    values = {
        "worker": {**LEAST["worker"], "consumer.sasl.jaas.config": jaas, "consumer.fetch.max.bytes": 52428800}
    }
    file = tmp_path / "f"
    file.write_text(chart.find(values, "ConfigMap", f"{NAME}-worker")["data"]["worker.properties"])
    found = read_properties(file)
    assert found["consumer.sasl.jaas.config"] == jaas
    assert found["consumer.fetch.max.bytes"] == "52428800"


def test_secrets_come_from_secrets_by_the_variables_of_their_properties(chart: Chart) -> None:
    values = {
        **LEAST,
        "workerSecrets": {name: {"name": "s", "key": "k"} for name in ("sasl.jaas.config", "consumer.a-b_c")},
    }
    variables = {each["name"]: each for each in container(chart, values)["env"]}
    for name in values["workerSecrets"]:
        assert variables[variable_name(name)]["valueFrom"] == {"secretKeyRef": {"name": "s", "key": "k"}}


def test_workers_have_names_that_outlive_their_pods(chart: Chart) -> None:
    variables = {each["name"]: each.get("value") for each in container(chart, LEAST)["env"]}
    assert variables["CONNECT_REST_ADVERTISED_HOST_NAME"] == f"$(POD_NAME).{NAME}-workers.data.svc"
    assert stateful_set(chart, LEAST)["serviceName"] == f"{NAME}-workers"
    service = chart.find(LEAST, "Service", f"{NAME}-workers")["spec"]
    assert service["clusterIP"] == "None"


def test_nothing_runs_as_root_or_writes_to_its_file_system(chart: Chart) -> None:
    for each in chart.render(SECURE):
        spec = each.get("spec", {})
        template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get("template")
        if not template:
            continue
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True
        assert template["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert template["spec"]["automountServiceAccountToken"] is False
        for one in template["spec"]["containers"]:
            assert one["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


@pytest.mark.parametrize("graceful_ms", [0, 30_000, 61_500])
def test_a_pod_has_the_time_that_a_worker_takes_to_stop(chart: Chart, graceful_ms: int) -> None:
    values = {
        "worker": {**LEAST["worker"], "task.shutdown.graceful.timeout.ms": graceful_ms},
        "preStopSeconds": 7,
    }
    grace = stateful_set(chart, values)["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > 7 + graceful_ms / 1000 + LEAVE_SECONDS + _SPARE_SECONDS
    assert container(chart, values)["lifecycle"]["preStop"] == {"exec": {"command": ["sleep", "7"]}}


def test_ready_asks_for_health_and_alive_only_for_an_answer(chart: Chart) -> None:
    found = container(chart, LEAST)
    assert found["readinessProbe"]["httpGet"] == {"path": "/health", "port": "rest", "scheme": "HTTP"}
    assert found["startupProbe"]["httpGet"]["path"] == "/health"
    assert found["livenessProbe"]["httpGet"]["path"] == "/health/live"


def test_where_clients_need_certificates_probes_run_in_the_container(chart: Chart) -> None:
    values = {**SECURE, "worker": {**LEAST["worker"], "listeners.https.ssl.client.auth": "required"}}
    found = container(chart, values)
    assert found["readinessProbe"]["exec"]["command"] == ["connector", "health"]
    assert found["livenessProbe"]["exec"]["command"] == ["connector", "health", "--live"]


def test_tls_and_users_of_the_rest_api_come_from_secrets(chart: Chart, tmp_path: Path) -> None:
    file = chart.find(SECURE, "ConfigMap", f"{NAME}-worker")["data"]["worker.properties"]
    assert "listeners=https://0.0.0.0:8083" in file
    assert "listeners.https.ssl.keystore.key=${rest_tls:/etc/connector/tls:tls.key}" in file
    # The worker finds key and certificates where the Secret is mounted.
    for name in ("tls.key", "tls.crt"):
        (tmp_path / name).write_text(f"content of {name}\n")
    (tmp_path / "worker.properties").write_text(file.replace("/etc/connector/tls", str(tmp_path)))
    settings = DistributedSettings.load(tmp_path / "worker.properties", {})
    assert settings.https_config()["ssl.keystore.key"].strip() == "content of tls.key"
    mounts = {each["mountPath"] for each in container(chart, SECURE)["volumeMounts"]}
    assert {"/etc/connector/tls", "/etc/connector/users", "/etc/keys"} <= mounts


def test_a_change_of_the_properties_starts_workers_anew(chart: Chart) -> None:
    other = {"worker": {**LEAST["worker"], "log.level": "DEBUG"}}
    first, second = (
        stateful_set(chart, each)["template"]["metadata"]["annotations"] for each in (LEAST, other)
    )
    assert first != second


def test_connectors_are_applied_and_pruned_in_the_name_of_the_release(chart: Chart, tmp_path: Path) -> None:
    (file,) = chart.find(SECURE, "ConfigMap", f"{NAME}-connectors")["data"].values()
    (tmp_path / "orders.json").write_text(file)
    submission = read_submission(tmp_path / "orders.json")
    assert submission.config == {
        "name": "orders",
        **{key: str(value) for key, value in ORDERS["config"].items()},
    }
    assert (submission.initial_state.name, submission.asks_for_state) == ("PAUSED", True)
    job = chart.find(SECURE, "Job", f"{NAME}-apply")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade,post-rollback"
    (applying,) = job["spec"]["template"]["spec"]["containers"]
    assert applying["args"] == [
        "apply", "--owner=helm:data/r", "--timeout=240", "--prune", "/etc/connector/applied",
    ]  # fmt: skip
    variables = {each["name"]: each for each in applying["env"]}
    assert variables["CONNECTOR_URL"]["value"] == f"https://{NAME}.data.svc:8083"
    assert variables["CONNECTOR_TOKEN"]["valueFrom"]["secretKeyRef"]["name"] == "rest-token"
    repeated = chart.find(SECURE, "CronJob", f"{NAME}-apply")["spec"]
    assert repeated["jobTemplate"]["spec"] == job["spec"]


def test_the_last_connector_is_pruned_as_well(chart: Chart) -> None:
    (applying,) = chart.find(LEAST, "Job", f"{NAME}-apply")["spec"]["template"]["spec"]["containers"]
    assert applying["args"][-1] == "--prune"


def test_the_selectors_of_services_choose_workers_alone(chart: Chart) -> None:
    objects = chart.render(SECURE)
    labels = stateful_set(chart, SECURE)["template"]["metadata"]["labels"]
    (job,) = [each for each in objects if each["kind"] == "Job"]
    for service in [each for each in objects if each["kind"] == "Service"]:
        selector = service["spec"]["selector"].items()
        assert selector <= labels.items()
        assert not selector <= job["spec"]["template"]["metadata"]["labels"].items()


def test_the_job_may_pass_the_network_policy_and_others_only_if_they_are_named(chart: Chart) -> None:
    (rule,) = chart.find(SECURE, "NetworkPolicy")["spec"]["ingress"]
    job, console = rule["from"]
    labels = chart.find(SECURE, "Job", f"{NAME}-apply")["spec"]["template"]["metadata"]["labels"]
    assert job["podSelector"]["matchLabels"].items() <= labels.items()
    assert console == {"podSelector": {"matchLabels": {"app": "console"}}}
    egress = chart.find(SECURE, "NetworkPolicy")["spec"]["egress"]
    assert {port["port"] for rule in egress for port in rule["ports"]} == {53, 9092}


def test_the_account_has_the_role_of_irsa(chart: Chart) -> None:
    account = chart.find(SECURE, "ServiceAccount")["metadata"]
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/worker"}


def test_an_autoscaler_owns_the_number_of_workers(chart: Chart) -> None:
    assert stateful_set(chart, LEAST)["replicas"] == 2
    assert "replicas" not in stateful_set(chart, SCALED)
    found = chart.find(SCALED, "HorizontalPodAutoscaler")["spec"]
    assert found["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": NAME}
    assert found["metrics"][1]["pods"] == {
        "metric": {"name": "connector_consumer_lag_records"},
        "target": {"type": "AverageValue", "averageValue": "1000000"},
    }


def test_keda_looks_at_the_lag_of_every_topic_that_a_connector_names(chart: Chart) -> None:
    found = chart.find(KEDA, "ScaledObject")["spec"]
    seen = [(each["metadata"]["consumerGroup"], each["metadata"]["topic"]) for each in found["triggers"]]
    assert seen == [("connect-orders", "orders"), ("connect-orders", "returns")]
    assert found["triggers"][0]["metadata"]["lagThreshold"] == "100000"


def test_alerts_and_dashboards_are_the_files_of_the_chart(chart: Chart) -> None:
    rule = chart.find(WATCHED, "PrometheusRule")
    assert rule["spec"] == yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    files = {file.stem: file for file in (CHART / "dashboards").glob("*.json")}
    assert files
    for name, file in files.items():
        found = chart.find(WATCHED, "ConfigMap", f"{NAME}-dashboard-{name}")
        assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
        (content,) = found["data"].values()
        assert json.loads(content) == json.loads(file.read_text())


def with_option(name: str, value: Any, **others: Any) -> dict[str, Any]:
    return {**LEAST, "connectors": {"orders": {"config": {**ORDERS["config"], name: value, **others}}}}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ["bootstrap.servers is missing"]),
        ({**LEAST, "replcas": 3}, ["replcas"]),
        ({"worker": {**LEAST["worker"], "grup.id": "x"}}, ["/worker", "grup.id"]),
        ({"worker": {**LEAST["worker"], "log.format": "xml"}}, ["/worker/log.format"]),
        ({"worker": {**LEAST["worker"], "session.timeout.ms": 0}}, ["/worker/session.timeout.ms"]),
        ({"worker": {**LEAST["worker"], "listeners": "http://:9000"}}, ["worker.listeners", "rest.port"]),
        ({**LEAST, "workerSecrets": {"bootstrap.servers": KEY}}, ["workerSecrets: bootstrap.servers"]),
        ({**LEAST, "workerSecrets": {"sasl.jaas.config": {"name": "a"}}}, ["sasl.jaas.config"]),
        (with_option("tasks.max", "many"), ["/connectors/orders/config/tasks.max"]),
        (with_option("errors.tolerance", "some"), ["/connectors/orders/config/errors.tolerance"]),
        (with_option("name", "other"), ["connectors.orders", "other"]),
        ({**LEAST, "connectors": {"orders": {"config": {"topics": "a"}}}}, ["connector.class"]),
        ({**LEAST, "connectors": {"orders": {**ORDERS, "state": "RUNING"}}}, ["/connectors/orders/state"]),
        ({**LEAST, "terminationGracePeriodSeconds": 10}, ["terminationGracePeriodSeconds: 10 is too short"]),
        ({**LEAST, "autoscaling": {"type": "vpa"}}, ["/autoscaling/type"]),
        ({**LEAST, "autoscaling": {"type": "hpa", "maxReplicas": 1}}, ["autoscaling.maxReplicas"]),
        ({**LEAST, "autoscaling": {"type": "keda"}}, ["keda has nothing to go by"]),
        ({**LEAST, "rest": {"users": {"secretName": "u"}}}, ["apply.token.secretName is missing"]),
        ({**LEAST, "serviceAccount": {"roleArn": "worker"}}, ["/serviceAccount/roleArn"]),
        ({**LEAST, "serviceAccount": {"name": "My_Account"}}, ["/serviceAccount/name"]),
        ({**LEAST, "nameOverride": "Foo_Bar"}, ["/nameOverride"]),
        ({**LEAST, "fullnameOverride": "foo."}, ["/fullnameOverride"]),
        ({**LEAST, "image": {"digest": "latest"}}, ["/image/digest"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)  # fmt: skip
def test_a_wrong_value_is_refused_by_its_name(chart: Chart, values: dict[str, Any], words: list[str]) -> None:
    message = chart.refused(values)
    for word in words:
        assert word in message


def test_a_password_that_is_written_out_is_refused_without_being_shown(chart: Chart) -> None:
    message = chart.refused(with_option("aws.secret.access.key", "s3cret-canary"))
    assert "/connectors/orders/config/aws.secret.access.key" in message
    assert "canary" not in message
    assert chart.render(with_option("aws.secret.access.key", "${dir:/etc/keys:secret}"))


SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="{}";'
BASIC = "value.converter.basic.auth.user.info"


def with_property(name: str, value: str) -> dict[str, Any]:
    return {"worker": {**LEAST["worker"], name: value}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sasl.password", "{}"),
        ("sasl.jaas.config", SCRAM),
        ("consumer.sasl.jaas.config", SCRAM),
        ("ssl.keystore.password", "{}"),
        ("ssl.key.password", "{}"),
        ("listeners.https.ssl.keystore.password", "{}"),
        ("ssl.keystore.key", "{}"),
        ("sasl.oauthbearer.client.secret", "{}"),
        (BASIC, "{}"),
    ],
)
def test_a_password_of_the_worker_is_not_put_into_a_config_map(chart: Chart, name: str, value: str) -> None:
    message = chart.refused(with_property(name, value.format("s3cret-canary")))
    assert f"worker: {name} is a secret" in message
    assert "canary" not in message
    assert chart.render(with_property(name, value.format("${dir:/etc/keys:secret}")))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("consumer.override.sasl.jaas.config", SCRAM),
        ("producer.override.ssl.key.password", "{}"),
        (BASIC, "{}"),
    ],
)
def test_nor_is_a_password_of_a_connector(chart: Chart, name: str, value: str) -> None:
    message = chart.refused(with_option(name, value.format("s3cret-canary")))
    assert f"connectors.orders: {name} is a secret" in message
    assert "canary" not in message
    assert chart.render(with_option(name, value.format("${dir:/etc/keys:secret}")))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sasl.jaas.config", "software.amazon.msk.auth.iam.IAMLoginModule required;"),
        ("key.converter", "org.apache.kafka.connect.storage.StringConverter"),
        (f"{BASIC.removesuffix('user.info')}credentials.source", "USER_INFO"),
        ("ssl.truststore.location", "/etc/keys/ca.pem"),
    ],
)
def test_what_only_sounds_like_a_password_is_let_through(chart: Chart, name: str, value: str) -> None:
    assert chart.render(with_property(name, value))


def test_every_example_of_a_connector_passes_the_schema_of_the_values() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    examples = {
        file.stem: read_submission(file).config
        for file in (ROOT / "config-examples").glob("*.json")
        if "static_keys" not in file.name  # with keys that are written out
    }
    assert len(examples) >= 5
    values = {**LEAST, "connectors": {name: {"config": config} for name, config in examples.items()}}
    jsonschema.validate(values, schema)
