from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from connector.config.option import PASSWORD, STRING, optional
from connector.config.schema import Config
from connector.errors import ConfigError
from connector.plugins import PluginKind
from connector.rest.secrets import Secrets

CONFIG = {
    "connector.class": "vault",
    "vault.door": "s3cret",
    "vault.place": "cellar",
    "vault.token": "s3cret",
}


class VaultConfig(Config):
    door = optional("vault.door", PASSWORD, "What opens it.")
    place = optional("vault.place", STRING, "Where it is.")


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(kind: PluginKind, name: str, option: str) -> Any:
        if (kind, name) == (PluginKind.SINK, "vault"):
            return SimpleNamespace(config_class=VaultConfig)
        raise ConfigError.of(option, "not found")

    monkeypatch.setattr("connector.rest.secrets.find", find)
    monkeypatch.setattr("connector.rest.secrets.is_known", lambda _kind, name: name in {"vault", "broken"})


def test_passwords_of_the_sink_are_hidden_beside_what_looks_secret() -> None:
    assert Secrets.MASKED.shown(CONFIG) == {
        "connector.class": "vault",
        "vault.door": "[hidden]",
        "vault.place": "cellar",
        "vault.token": "[hidden]",
    }


@pytest.mark.parametrize(
    "config",
    [
        {"sasl.password": "s3cret"},
        {**CONFIG, "connector.class": "gone"},
        {**CONFIG, "connector.class": "broken"},
    ],
)
def test_what_looks_secret_is_hidden_even_if_the_sink_is_not_installed(config: dict[str, str]) -> None:
    shown = Secrets.MASKED.shown(config)
    assert shown.get("sasl.password", "[hidden]") == shown.get("vault.token", "[hidden]") == "[hidden]"


def test_raw_shows_what_was_sent() -> None:
    assert Secrets.RAW.shown(CONFIG) == CONFIG
