"""The programs that read what is deployed, where the Makefile or the machine has them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "kafka-aws-connector"
NAME = "r-kafka-aws-connector"


def program(folder: str, name: str) -> str | None:
    """In the environment that the Makefile makes, or on the path."""
    built = Path(sys.prefix) / folder / "bin" / name
    return str(built) if built.exists() else shutil.which(name)


class RefusedError(Exception):
    """Helm's own words."""


@dataclass(frozen=True)
class Chart:
    """Renders the chart with Helm, once for the same values."""

    helm: str
    rendered: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def render(self, values: dict[str, Any], *, kubernetes: str = "1.33.0") -> list[dict[str, Any]]:
        """Every object; raises RefusedError."""
        key = json.dumps([values, kubernetes])
        if key not in self.rendered:
            self.rendered[key] = self._rendered(values, kubernetes)
        return self.rendered[key]

    def _rendered(self, values: dict[str, Any], kubernetes: str) -> list[dict[str, Any]]:
        command = [
            self.helm, "template", "r", str(CHART), "--namespace", "data",
            "--kube-version", kubernetes, "--values", "-",
        ]  # fmt: skip
        found = subprocess.run(
            command, input=yaml.safe_dump(values), capture_output=True, text=True, check=False, timeout=60
        )
        if found.returncode:
            raise RefusedError(found.stderr)
        return [each for each in yaml.safe_load_all(found.stdout) if each]

    def refused(self, values: dict[str, Any]) -> str:
        with pytest.raises(RefusedError) as raised:
            self.render(values)
        return str(raised.value)

    def find(self, values: dict[str, Any], kind: str, name: str = NAME) -> dict[str, Any]:
        (found,) = [
            each for each in self.render(values) if each["kind"] == kind and each["metadata"]["name"] == name
        ]
        return found


@pytest.fixture(scope="session")
def chart() -> Chart:
    helm = program("helm", "helm")
    if helm is None:
        pytest.skip("needs Helm, which make test builds where Go is")
    return Chart(helm)
