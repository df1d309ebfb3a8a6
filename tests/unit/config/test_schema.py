from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from connector.config.option import INT, PASSWORD, STRING, at_least, defaulted, optional, required
from connector.config.schema import Config, unknown_options
from connector.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


class BaseConfig(Config):
    path = required("file.path", STRING, "Where records go.")
    size = defaulted("file.size", INT, 10, "How many records go there.", validate=at_least(1))


class FileConfig(BaseConfig):
    size = defaulted("file.size", INT, 20, "How many records go there.", validate=at_least(5))
    password = optional("file.password", PASSWORD, "What opens it.")

    def check(self) -> Iterator[Problem]:
        yield from super().check()
        if self.size > 100 and not self.is_set(FileConfig.password):
            yield Problem("file.password", "Large files need one.")


def problems(raw: dict[str, str | None]) -> dict[str, str]:
    with pytest.raises(ConfigError) as raised:
        FileConfig.parse(raw)
    for problem in raised.value.problems:
        assert str(problem) in str(raised.value)
    return {problem.option: problem.message for problem in raised.value.problems}


def test_values_are_read_as_attributes() -> None:
    config = FileConfig.parse({"file.path": " /tmp/x ", "file.password": "s3cret", "other": "kept"})
    assert config.path == "/tmp/x"
    assert config.size == 20
    assert config.password == SecretStr("s3cret")
    assert config.raw["other"] == "kept"
    assert FileConfig.parse({"file.path": "x"}).password is None


def test_options_come_in_order_of_declaration_and_a_subclass_overrides() -> None:
    assert list(FileConfig.options()) == ["file.path", "file.size", "file.password"]
    assert FileConfig.options()["file.size"].default == 20


def test_every_fault_is_told_at_once_with_those_between_options() -> None:
    found = problems({"file.size": "many", "file.password": None})
    assert found == {
        "file.path": 'Missing required configuration "file.path" which has no default value.',
        "file.size": "Invalid value many for configuration file.size: Not a number of type INT",
        "file.password": "Invalid value null for configuration file.password:"
        " Null value can not be supplied as the configuration value.",
    }
    assert problems({"file.size": "101"}).keys() == {"file.path", "file.password"}


def test_an_option_at_fault_reads_as_its_default_and_knows_it() -> None:
    config = FileConfig({"file.path": "x", "file.size": "1"})
    assert config.size == 20
    assert config.is_faulty(FileConfig.size)
    assert not config.is_faulty(FileConfig.path)


def test_a_missing_option_points_at_the_key_it_was_probably_written_as() -> None:
    assert problems({"file.pth": "x"})["file.path"].endswith('Did you mean it by "file.pth"?')
    assert "Did you mean" not in problems({"bananas": "x", "file.size": "7"})["file.path"]


def test_unknown_keys_come_with_the_option_that_was_probably_meant() -> None:
    raw = {"file.path": "x", "file.sise": "1", "bananas": "1"}
    assert unknown_options(raw, FileConfig.options()) == {"file.sise": "file.size", "bananas": None}


def test_secrets_are_in_no_repr_of_a_config_value() -> None:
    config = FileConfig.parse({"file.path": "x", "file.password": "s3cret"})
    assert "s3cret" not in repr(config)
    assert "s3cret" not in repr(config.password)
