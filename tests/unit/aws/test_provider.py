"""A credentials provider of somebody else's, found by entry point."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from connector import plugins
from connector.aws import refresh
from connector.aws.connection import AwsConfig
from connector.aws.credentials import obtain, signing_session
from connector.config.schema import unknown_options
from connector.errors import RetriableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = """
import asyncio
from botocore.credentials import ReadOnlyCredentials
from connector.aws.provider import CredentialsProvider, Session
from connector.config.option import STRING, required
from connector.config.schema import Config

class VaultConfig(Config):
    path = required("path", STRING, "Where in the vault the keys are.")

class Vault(CredentialsProvider):
    config_class = VaultConfig
    async def fetch(self):
        if self.config.path == "never":
            await asyncio.Event().wait()
        return Session(ReadOnlyCredentials("AKIAVAULT", self.config.path, None, None))
"""


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "vault_keys.py").write_text(MODULE)
    metadata = tmp_path / "vault_keys-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: vault-keys\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[connector.credentials_providers]\nvault = vault_keys:Vault\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins._entry_points.cache_clear()
    plugins._by_name.cache_clear()
    yield
    plugins._entry_points.cache_clear()
    plugins._by_name.cache_clear()
    sys.modules.pop("vault_keys", None)


@pytest.mark.usefixtures("_installed")
async def test_an_installed_provider_says_who_signs() -> None:
    config = AwsConfig.parse({"aws.credentials.provider": "vault", "aws.credentials.provider.path": "a/b"})
    session = signing_session(config.identity("orders"))
    await obtain(session)
    keys = await (await session.get_credentials()).get_frozen_credentials()
    assert (keys.access_key, keys.secret_key) == ("AKIAVAULT", "a/b")


@pytest.mark.usefixtures("_installed")
async def test_an_installed_provider_that_does_not_answer_is_not_waited_for_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refresh, "_MOST_FETCH_SECONDS", 0.05)
    config = AwsConfig.parse({"aws.credentials.provider": "vault", "aws.credentials.provider.path": "never"})
    with pytest.raises(RetriableError, match="credentials of vault did not come"):
        await obtain(signing_session(config.identity("orders")))


@pytest.mark.usefixtures("_installed")
def test_the_faults_of_a_providers_options_are_named_in_full() -> None:
    (problem,) = AwsConfig({"aws.credentials.provider": "vault"}).problems()
    assert problem.option == "aws.credentials.provider.path"


@pytest.mark.usefixtures("_installed")
def test_the_options_of_a_provider_are_no_strangers() -> None:
    raw = {"aws.credentials.provider.path": "a/b", "aws.credentials.provder": "vault"}
    assert unknown_options(raw, AwsConfig.options()) == {
        "aws.credentials.provder": "aws.credentials.provider"
    }
