"""Key stores that keytool has made, read without Java."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from connector.config.key_store import KeyStoreError, MissingExtraError, read_key_store
from connector.errors import ConfigError
from connector.rest.tls import server_context
from connector.schema_registry.config import SchemaRegistryConfig
from connector.testing.certificate import Signed

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD, KEY_PASSWORD = "store-password", "key-password"


@pytest.fixture(scope="module")
def authority() -> Signed:
    return Signed("authority", is_authority=True)


@pytest.fixture(scope="module")
def server(authority: Signed) -> Signed:
    return Signed("server", authority)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, authority: Signed, server: Signed) -> Path:
    if not shutil.which("keytool"):
        pytest.skip("key stores of Java's need keytool")
    folder = tmp_path_factory.mktemp("stores")
    (folder / "own.pkcs12").write_bytes(server.pkcs12(PASSWORD, authority))
    (folder / "authority.pem").write_text(authority.pem())
    source = ["-srckeystore", "own.pkcs12", "-srcstorepass", PASSWORD, "-srcalias", "own"]
    keytool(folder, "-importkeystore", *source, "-destkeystore", "own.jks", "-deststoretype", "JKS",
            "-deststorepass", PASSWORD, "-destkeypass", KEY_PASSWORD)  # fmt: skip
    for kind in ("JKS", "PKCS12"):
        keytool(folder, "-importcert", "-noprompt", "-alias", "authority", "-file", "authority.pem",
                "-keystore", f"trust.{kind.lower()}", "-storetype", kind, "-storepass", PASSWORD)  # fmt: skip
    return folder


def keytool(folder: Path, *arguments: str) -> None:
    command = ["keytool", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("kind", ["jks", "pkcs12"])
def test_a_truststore_gives_the_certificates_that_were_put_into_it(
    stores: Path, authority: Signed, kind: str
) -> None:
    found = read_key_store(str(stores / f"trust.{kind}"), PASSWORD)
    assert found is not None
    assert found.trusted_pem() == authority.pem()
    with pytest.raises(KeyStoreError, match="no private key"):
        found.key_pem()


@pytest.mark.parametrize("kind", ["jks", "pkcs12"])
def test_a_keystore_gives_the_key_and_its_chain_and_trusts_nobody(
    stores: Path, server: Signed, authority: Signed, kind: str
) -> None:
    found = read_key_store(str(stores / f"own.{kind}"), PASSWORD, KEY_PASSWORD)
    assert found is not None
    assert found.key_pem() == server.key_pem()
    assert found.chain_pem() == server.pem() + authority.pem()
    assert found.trusted == ()
    assert "PRIVATE" not in repr(found)


@pytest.mark.parametrize(
    ("name", "password", "key_password", "reason"),
    [
        ("trust.jks", "wrong-one", None, "the password of the store is another one"),
        ("own.jks", PASSWORD, "wrong-one", "the password of its key is another one"),
        ("own.pkcs12", "wrong-one", None, "its password is another one"),
    ],
)
def test_a_password_that_does_not_fit_is_told_and_not_shown(
    stores: Path, name: str, password: str, key_password: str | None, reason: str
) -> None:
    with pytest.raises(KeyStoreError, match=reason) as caught:
        read_key_store(str(stores / name), password, key_password)
    assert "wrong-one" not in str(caught.value)


def test_a_store_that_was_cut_off_is_damaged_even_where_no_password_tells(
    stores: Path, tmp_path: Path
) -> None:
    data = (stores / "own.jks").read_bytes()
    for length in range(4, len(data), 97):
        (tmp_path / "cut.jks").write_bytes(data[:length])
        with pytest.raises(KeyStoreError):
            read_key_store(str(tmp_path / "cut.jks"), None, KEY_PASSWORD)


def test_a_pkcs12_without_the_extra_names_it(stores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(MissingExtraError, match=r"kafka-aws-connector\[jks\]"):
        read_key_store(str(stores / "trust.pkcs12"), PASSWORD)


def served(options: dict[str, str], client: ssl.SSLContext) -> str | None:
    """What TLS version the two agree on, without a network between them."""
    inputs, outputs = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(inputs, outputs, server_hostname="127.0.0.1")
    other = server_context(options).wrap_bio(outputs, inputs, server_side=True)
    for _ in range(4):
        for end in (one, other):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return other.version()


@pytest.mark.parametrize("kind", ["jks", "pkcs12"])
def test_listeners_and_the_registry_s_client_take_stores_and_meet(stores: Path, kind: str) -> None:
    key_password = {"ssl.key.password": KEY_PASSWORD} if kind == "jks" else {}
    options = {
        "ssl.keystore.location": str(stores / f"own.{kind}"),
        "ssl.keystore.password": PASSWORD,
        "ssl.truststore.location": str(stores / f"trust.{kind}"),
        "ssl.truststore.password": PASSWORD,
        "ssl.client.auth": "required",
        **key_password,
    }
    registry = {"schema.registry.url": "https://127.0.0.1"}
    written = {f"schema.registry.{name}": value for name, value in options.items() if "auth" not in name}
    client = SchemaRegistryConfig.parse({**registry, **written}).tls()
    assert served(options, client) == "TLSv1.3"


def test_wrong_passwords_are_faults_of_listeners_and_of_the_registry(stores: Path) -> None:
    options = {"ssl.keystore.location": str(stores / "own.jks"), "ssl.keystore.password": "wrong-one"}
    with pytest.raises(ConfigError, match="password of the store is another one") as listener:
        server_context(options)
    written = {
        "schema.registry.url": "https://127.0.0.1",
        "schema.registry.ssl.truststore.location": str(stores / "trust.jks"),
        "schema.registry.ssl.truststore.password": "wrong-one",
    }
    with pytest.raises(ConfigError, match="password of the store is another one") as registry:
        SchemaRegistryConfig.parse(written)
    assert "wrong-one" not in f"{listener.value}{registry.value}"
