"""Every rule of the protocol is needed: without it some schedule breaks the promise, or a task stops.

Slow, so only where MUTATIONS is set; ``python tests/simulation/mutations.py`` shows the same as a list.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest


def _module() -> Any:
    spec = importlib.util.spec_from_file_location("mutations", Path(__file__).with_name("mutations.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["mutations"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mutations = _module()

_FAST = (
    "complete-first",
    "cut-at-position",
    "later-offset",
    "early-seal",
    "abort-on-loss",
    "start-at-offset",
)
_NAMES = list(mutations.MUTATIONS) if os.environ.get("MUTATIONS") else _FAST


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", _NAMES)
def test_a_rule_left_out_is_caught(name: str) -> None:
    assert mutations.hunt(name, 1500) is not None, mutations.MUTATIONS[name].rule
