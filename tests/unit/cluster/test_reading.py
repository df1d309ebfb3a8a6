"""What configs refer to is read on a thread, and waited for as long as a client may wait."""

from __future__ import annotations

import threading

import pytest

from connector.cluster import reading
from connector.cluster.reading import reading_config
from connector.error_codes import ErrorCode
from connector.errors import ConfigError


async def test_what_is_read_too_slowly_is_a_fault_of_the_config_providers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "READ_SECONDS", 0.05)
    is_over = threading.Event()
    with pytest.raises(ConfigError) as raised:
        await reading_config(is_over.wait, 60)
    is_over.set()
    (problem,) = raised.value.problems
    assert (problem.option, problem.code) == ("config.providers", ErrorCode.CONFIG_REFERENCE_UNRESOLVED)


async def test_what_is_read_is_read_on_another_thread() -> None:
    assert await reading_config(threading.get_ident) != threading.get_ident()
