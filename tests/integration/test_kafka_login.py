"""Kafka behind TLS, certificates and tokens as Amazon MSK takes them, reached with Java's words."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from connector.aws.msk import with_login
from connector.config.client import translate
from connector.testing.certificate import Signed
from connector.testing.file_sink import JAVA_NAME, install
from connector.testing.kafka.broker import KafkaUnavailableError
from connector.testing.kafka.client import KafkaClient
from connector.testing.kafka.jars import ensure_jars, folder_of
from connector.testing.kafka.maven import Guard, MavenKafka
from connector.testing.worker import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.testing.aws import AwsServer
    from connector.testing.proxy import FaultProxy

SECRET, REGION, STORE_PASSWORD = "the-secret-of-the-worker", "eu-central-1", "store-password"
SOURCE = Path(__file__).parent / "java" / "MskTokens.java"
OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION}
IAM = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "AWS_MSK_IAM",
    "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
    "sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
}


def keytool(folder: Path, *arguments: str) -> None:
    command = ["keytool", *arguments, "-storepass", STORE_PASSWORD]
    if "-importkeystore" in arguments:
        command = ["keytool", *arguments, "-deststorepass", STORE_PASSWORD]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def make_stores(folder: Path) -> None:
    """Truststores and keystores of either form; of the client's chain the broker knows the root alone."""
    root = Signed("root", is_authority=True)
    between = Signed("between", root, is_authority=True)
    broker, client = Signed("broker", root), Signed("client", between)
    (folder / "root.pem").write_text(root.pem())
    (folder / "broker.pem").write_text(broker.key_pem() + broker.pem())
    (folder / "client.pkcs12").write_bytes(client.pkcs12(STORE_PASSWORD, between))
    for kind in ("PKCS12", "JKS"):
        store = ("-keystore", f"trust.{kind.lower()}", "-storetype", kind)
        keytool(folder, "-importcert", "-noprompt", *store, "-alias", "root", "-file", "root.pem")
    source = ("-srckeystore", "client.pkcs12", "-srcstorepass", STORE_PASSWORD)
    keytool(folder, "-importkeystore", *source, "-destkeystore", "client.jks", "-deststoretype", "JKS")


def guard(folder: Path) -> Guard:
    listener = "listener.name.linked."
    return Guard(
        "SASL_SSL",
        {
            "sasl.enabled.mechanisms": "OAUTHBEARER",
            f"{listener}ssl.keystore.type": "PEM",
            f"{listener}ssl.keystore.location": str(folder / "broker.pem"),
            f"{listener}ssl.truststore.type": "PEM",
            f"{listener}ssl.truststore.location": str(folder / "root.pem"),
            f"{listener}ssl.client.auth": "required",
            f"{listener}oauthbearer.sasl.jaas.config": (
                f'{OAUTH} required secret="{SECRET}" region="{REGION}";'
            ),
            f"{listener}oauthbearer.sasl.login.callback.handler.class": "MskTokens",
            f"{listener}oauthbearer.sasl.server.callback.handler.class": "MskTokens",
        },
        classes=folder,
    )


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (shutil.which("javac") and shutil.which("keytool")):
        pytest.skip("a broker that verifies tokens needs javac and keytool")
    folder = tmp_path_factory.mktemp("stores")
    make_stores(folder)
    return folder


@pytest.fixture(scope="module")
def broker(stores: Path) -> Iterator[MavenKafka]:
    with ExitStack() as stack:
        try:
            jars = folder_of(ensure_jars())
            command = ["javac", "-cp", f"{jars}/*", "-d", str(stores), str(SOURCE)]
            subprocess.run(command, check=True, capture_output=True)
            found = MavenKafka.launch(guard=guard(stores))
        except KafkaUnavailableError as error:
            pytest.skip(f"it needs a broker of our own: {error}")
        stack.callback(found.stop)
        yield found


def tls(stores: Path, kind: str) -> dict[str, str]:
    """As a JVM worker has them, whose default type is JKS, whatever the file is."""
    return {
        "ssl.truststore.location": str(stores / f"trust.{kind}"),
        "ssl.truststore.password": STORE_PASSWORD,
        "ssl.keystore.location": str(stores / f"client.{kind}"),
        "ssl.keystore.password": STORE_PASSWORD,
        "ssl.key.password": STORE_PASSWORD,
    }


def end_offset(broker: MavenKafka, topic: str) -> int:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "none"})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)[1]
    finally:
        consumer.close()


@pytest.mark.parametrize("kind", ["jks", "pkcs12"])
def test_stores_of_java_let_a_client_in_whatever_their_type_is_said_to_be(
    broker: MavenKafka, stores: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    said = {"ssl.truststore.type": "JKS", "ssl.keystore.type": "PKCS12"}
    translated = translate({**IAM, **tls(stores, kind), **said})
    assert translated.problems == []
    config = with_login({"bootstrap.servers": broker.guarded_servers, **translated.config})
    assert AdminClient(config).list_topics(timeout=60).brokers


def test_a_profile_with_other_keys_is_let_in_by_nobody(
    broker: MavenKafka, stores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = "[other]\naws_access_key_id = AKIDOTHER\naws_secret_access_key = of-somebody-else\n"
    (stores / "credentials").write_text(keys)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(stores / "credentials"))
    monkeypatch.setenv("AWS_REGION", REGION)
    jaas = {"sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName=other;"}
    translated = translate({**IAM, **tls(stores, "jks"), **jaas})
    config = with_login({"bootstrap.servers": broker.guarded_servers, **translated.config})
    client = AdminClient({**config, "log_level": 0})
    deadline = time.monotonic() + 60
    # As often as it takes until it has asked at all.
    while "REFUSED java.lang.IllegalArgumentException: signature" not in broker.log.read_text():
        with pytest.raises(KafkaException):
            client.list_topics(timeout=2)
        assert time.monotonic() < deadline, broker.log.read_text()[-2000:]


def test_a_worker_with_java_s_stores_and_iam_delivers_and_writes_dead_letters(
    broker: MavenKafka, stores: Path, tmp_path: Path
) -> None:
    name, kafka = "files", KafkaClient(broker)
    topic = kafka.create_topic()
    kafka.produce(topic, [b'{"a": 1}', b"not json", b'{"a": 2}'])
    settings = {"bootstrap.servers": broker.guarded_servers, **IAM, **tls(stores, "jks")}
    connector = {
        "name": name,
        "connector.class": JAVA_NAME,
        "topics": topic,
        "file": str(tmp_path / "out.txt"),
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": f"{topic}-dlq",
        "errors.deadletterqueue.topic.replication.factor": "1",
    }
    with WorkerProcess(settings, connector, environ={**install(tmp_path / "site"), **KEYS}) as worker:
        worker.wait_for_delivery(2)
        assert worker.ask("PUT", f"/connectors/{name}/stop")[0] == 204
        worker.wait_until(lambda: "task ended" in worker.log, "it has stopped")
        assert end_offset(broker, f"{topic}-dlq") == 1
        # Asked, and dropped, in processes of their own.
        _, offsets = worker.ask("GET", f"/connectors/{name}/offsets")
        assert [each["offset"] for each in offsets["offsets"]] == [{"kafka_offset": 3}]
        where = {"kafka_topic": topic, "kafka_partition": 0}
        body = {"offsets": [{"partition": where, "offset": None}]}
        assert worker.ask("PATCH", f"/connectors/{name}/offsets", body)[0] == 200
        assert worker.ask("GET", f"/connectors/{name}/offsets")[1] == {"offsets": []}
        assert STORE_PASSWORD not in worker.log
        assert SECRET not in worker.log


class _TokenEndpoint(BaseHTTPRequestHandler):
    """Gives everybody the same token; what it was asked is on its server."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.put((self.headers["Authorization"], parse_qs(body)))  # type: ignore[attr-defined]
        claims = {"exp": int(time.time()) + 600, "iat": int(time.time()), "sub": "me"}
        parts: tuple[dict[str, Any], ...] = ({"alg": "none"}, claims, {})
        token = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        answer = json.dumps({"access_token": token}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("is_kafka_4", [False, True])
def test_java_s_words_for_openid_connect_fetch_a_token_with_the_client_s_secret(*, is_kafka_4: bool) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _TokenEndpoint) as endpoint:
        endpoint.asked = queue.Queue()  # type: ignore[attr-defined]
        threading.Thread(target=endpoint.serve_forever, daemon=True).start()
        own = {
            "sasl.jaas.config": f"{OAUTH} required;",
            "sasl.oauthbearer.client.credentials.client.id": "worker",
            "sasl.oauthbearer.client.credentials.client.secret": "hush",
            "sasl.oauthbearer.scope": "kafka",
        }
        jaas = {"sasl.jaas.config": f"{OAUTH} required clientId='worker' clientSecret='hush' scope='kafka';"}
        java = {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.login.callback.handler.class": OAUTH.replace("LoginModule", "LoginCallbackHandler"),
            "sasl.oauthbearer.token.endpoint.url": f"http://127.0.0.1:{endpoint.server_port}/token",
            **(own if is_kafka_4 else jaas),
        }
        translated = translate(java)
        assert not translated.problems
        client = AdminClient(
            with_login({"bootstrap.servers": "127.0.0.1:1", "log_level": 0, **translated.config})
        )
        authorization, body = endpoint.asked.get(timeout=60)  # type: ignore[attr-defined]
        del client
        endpoint.shutdown()
    assert b64decode(authorization.removeprefix("Basic ")) == b"worker:hush"
    assert body == {"grant_type": ["client_credentials"], "scope": ["kafka"]}


def test_a_role_signs_that_was_assumed_with_external_id_and_session_name(
    aws: AwsServer, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    proxy.on(
        "AssumeRole",
        lambda request: asked.append((request.form["ExternalId"], request.form["RoleSessionName"])),
    )
    environ = {
        "AWS_ACCESS_KEY_ID": aws.access_key_id,
        "AWS_SECRET_ACCESS_KEY": aws.secret_access_key,
        "AWS_ENDPOINT_URL_STS": proxy.url,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    options = f"awsRoleArn={aws.create_role('kafka', 'e-1')} awsRoleExternalId=e-1 awsRoleSessionName=orders"
    jaas = {"sasl.jaas.config": f"software.amazon.msk.auth.iam.IAMLoginModule required {options};"}
    servers = f"b-1.orders.x1.c2.kafka.{REGION}.amazonaws.com:9098"
    config = with_login({"bootstrap.servers": servers, **translate({**IAM, **jaas}).config})
    token, _ = config["oauth_cb"]("")
    told = parse_qs(urlsplit(urlsafe_b64decode(token + "==")).query)
    assert asked == [("e-1", "orders")]
    assert told[b"X-Amz-Credential"][0].startswith(b"ASIA")
    assert told[b"X-Amz-Security-Token"][0]
