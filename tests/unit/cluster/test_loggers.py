from __future__ import annotations

import logging
import uuid

import pytest

from connector.cluster import loggers as module
from connector.cluster.loggers import Loggers
from connector.cluster.request_error import BadRequestError, NotFoundError


@pytest.fixture
def name() -> str:
    return f"test.{uuid.uuid4().hex}"


def test_a_logger_nobody_has_heard_of_is_listed_once_it_is_set(name: str) -> None:
    loggers = Loggers()
    assert name not in loggers.all()
    assert loggers.set(name, "debug") == [name]
    assert loggers.all()[name].level == "DEBUG"
    assert loggers.all()[name].last_modified
    assert loggers.set(name, "DEBUG") == []


def test_loggers_below_follow_and_what_is_logged_does(name: str) -> None:
    below = logging.getLogger(f"{name}.below")
    assert Loggers().set(name, "ERROR") == [name, f"{name}.below"]
    assert not below.isEnabledFor(logging.WARNING)
    Loggers().set(name, "TRACE")
    assert below.isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize("level", ["ALL", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF"])
def test_every_level_of_log4j_is_shown_as_it_was_set(name: str, level: str) -> None:
    loggers = Loggers()
    loggers.set(name, level)
    assert loggers.all()[name].level == level


def test_root_changes_those_that_have_no_level_of_their_own(name: str) -> None:
    own = logging.getLogger(f"{name}.own")
    own.setLevel(logging.ERROR)
    logging.getLogger(name)
    changed = Loggers().set("root", "FATAL")
    assert {"root", name} <= set(changed)
    assert own.level == logging.ERROR


def test_a_level_that_is_none_is_not_found(name: str) -> None:
    with pytest.raises(NotFoundError, match=r"invalid log level 'loud'\."):
        Loggers().set(name, "loud")
    assert name not in Loggers().all()


@pytest.mark.parametrize("logger", ["botocore", "botocore.auth", "aiobotocore", "aiohttp.access"])
def test_what_logs_credentials_stays_quiet(logger: str) -> None:
    with pytest.raises(BadRequestError, match="logs credentials"):
        Loggers().set(logger, "DEBUG")
    assert Loggers().set(logger, "ERROR") is not None


def test_there_are_not_any_number_of_loggers(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(module, "MOST_LOGGERS", 3)
    with pytest.raises(BadRequestError, match="choose one of these"):
        Loggers().set(name, "INFO")
