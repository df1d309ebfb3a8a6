"""References become values, and faults never show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.config_providers.base import ConfigProvider, UnavailableError
from connector.config_providers.resolver import Resolver
from connector.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

JAVA = "org.apache.kafka.common.config.provider."


class Vault(ConfigProvider):
    """Holds one secret, has a place that is closed, and one that breaks."""

    def __init__(self) -> None:
        super().__init__(None)

    def get(self, path: str, keys: frozenset[str]) -> Mapping[str, str]:
        if path == "closed":
            raise UnavailableError("closed is sealed: open it")
        if path == "broken":
            raise RuntimeError("the s3cret is s3cret-value")
        return {"key": "s3cret-value", "port": "none", "other": "x"}


@pytest.fixture
def resolver() -> Resolver:
    return Resolver({"vault": Vault()})


def test_values_stand_in_the_place_of_references(resolver: Resolver) -> None:
    raw = {"a": "${vault:p:key}", "b": "x-${vault:key}-${vault:p:port}", "c": "{{topic}} ${HOME}"}
    found = resolver.resolve(raw)
    assert found.values == {"a": "s3cret-value", "b": "x-s3cret-value-none", "c": "{{topic}} ${HOME}"}
    assert set(found.referenced) == {"a", "b"}
    assert not found.problems
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("${valt:p:key}", 'no config provider valt. Did you mean "vault"?'),
        ("${vault:p:absent}", "there is no absent in p"),
        ("${vault:closed:key}", "closed is sealed: open it"),
        ("${vault:broken:key}", r"vault failed (RuntimeError)"),
    ],
)
def test_what_cannot_be_resolved_is_a_fault_of_its_option(
    resolver: Resolver, reference: str, message: str
) -> None:
    found = resolver.resolve({"aws.secret.access.key": reference, "b": "${vault:key}"})
    (problem,) = found.problems
    assert problem.option == "aws.secret.access.key"
    assert reference in problem.message
    assert message in problem.message
    assert "s3cret" not in problem.message
    assert found.values["b"] == "s3cret-value"


def test_without_providers_the_property_is_named() -> None:
    (problem,) = Resolver().resolve({"a": "${file:/a:b}"}).problems
    assert "set its property config.providers" in problem.message


def test_a_fault_that_quotes_a_resolved_value_is_told_without_it(resolver: Resolver) -> None:
    raw = {"a": "${vault:key}", "port": "${vault:port}", "old.name": "${vault:other}"}
    found = resolver.resolve(raw)
    problems = [
        Problem("port", "Invalid value none for configuration port: Not a number of type INT"),
        Problem("port", "has no meaning with tls"),
        Problem("a", "Invalid value: it begins with S3CRE"),
        Problem("new", "Invalid value x for configuration new: too short"),
        Problem("b", "does not go with s3cret-value"),
        Problem("b", "does not go with s3cret-v, which was cut"),
        Problem("c", "Invalid value 1 for configuration c: Value must be at least 2"),
    ]
    told = list(found.concealed(problems, {"old.name": "new"}))
    assert [problem.option for problem in told] == [problem.option for problem in problems]
    text = "\n".join(map(str, told))
    assert "s3cre" not in text.lower()
    assert "none" not in text
    assert "value x " not in text
    assert told[0].message.startswith("Invalid value ${vault:port} for configuration port: Not a number")
    assert "what ${vault:key} stands for is not accepted" in told[2].message
    assert told[1] == problems[1]
    assert told[6] == problems[6]


def test_an_option_that_is_not_resolved_has_no_other_fault(resolver: Resolver) -> None:
    found = resolver.resolve({"port": "${vault:p:absent}"})
    told = list(found.concealed([Problem("port", "Invalid value ${vault:p:absent} for configuration port")]))
    assert told == list(found.problems)


@pytest.mark.parametrize("name", ["file", "FileConfigProvider", f"{JAVA}FileConfigProvider"])
def test_providers_are_configured_as_in_kafka(tmp_path: Path, name: str) -> None:
    (tmp_path / "keys").write_text("a=1")
    resolver = Resolver.configured(
        {
            "config.providers": "secrets, env",
            "config.providers.secrets.class": name,
            "config.providers.secrets.param.allowed.paths": str(tmp_path),
            "config.providers.env.class": f"{JAVA}EnvVarConfigProvider",
        }
    )
    found = resolver.resolve({"a": f"${{secrets:{tmp_path}/keys:a}}", "b": "${secrets:/etc/passwd:a}"})
    assert found.values["a"] == "1"
    (problem,) = found.problems
    assert "outside of allowed.paths" in problem.message


def test_every_fault_of_the_providers_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        Resolver.configured(
            {
                "config.providers": "a,b,c,d,env",
                "config.providers.b.class": "com.acme.Vault",
                "config.providers.c.class": "file",
                "config.providers.c.param.allowed.path": "/",
                "config.providers.d.class": "directory",
                "config.providers.d.param.allowed.paths": "relative,/",
                "config.providers.env.class": "env",
                "config.providers.env.param.allowlist.pattern": "(",
            }
        )
    faults = {problem.option: problem.message for problem in raised.value.problems}
    assert set(faults) == {
        "config.providers.a.class",
        "config.providers.b.class",
        "config.providers.c.param.allowed.path",
        "config.providers.d.param.allowed.paths",
        "config.providers.env.param.allowlist.pattern",
    }
    assert "Did you mean" in faults["config.providers.c.param.allowed.path"]
