"""Where options of connectors may lead: the hosts that they name, the files that the worker reads for them.

Whoever may create a connector could else have the worker ask any host in its network, or hand one of its
files to a server. What the operator writes in the worker's own properties is not bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from connector.config.option import LeadsTo
from connector.config.reference import references
from connector.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connector.config.schema import Config

HOSTS = "connectors.allowed.hosts"
PATHS = "connectors.allowed.paths"
_PORTS = {"http": 80, "https": 443}
_IN_MEMORY = "mock"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the operator allows.

    Attributes:
        hosts: Names, ``*.name`` for all below one, either with ``:port`` if only that; None for any.
        paths: Files, or folders with all that is in them; None for any.
    """

    hosts: tuple[str, ...] | None = None
    paths: tuple[str, ...] | None = None

    def problems(self, config: Config) -> Iterator[Problem]:
        """The options of a config that lead elsewhere; what is still a reference is not looked at."""
        for option in config.options().values():
            if option.leads_to is None or not config.is_set(option) or config.is_faulty(option):
                continue
            for text in _texts(config.value(option.name)):
                if not references(text):
                    yield from self.problem(option.name, text, option.leads_to)

    def problem(self, option: str, text: str, leads_to: LeadsTo) -> Iterator[Problem]:
        """The fault of one value, if it is one; the value itself may be a secret, and is not quoted."""
        if leads_to is LeadsTo.FILE:
            if self.paths is not None and not _is_within(text, self.paths):
                yield Problem(
                    option,
                    f"names a file outside of what connectors may have the worker read: put it there, or"
                    f" allow its folder in the worker property {PATHS}",
                )
        elif self.hosts is not None and (leads_to is LeadsTo.HOST or "://" in text):
            for single in text.split(","):
                if not _is_allowed(single.strip(), self.hosts):
                    yield Problem(
                        option,
                        "names a host that connectors may not have the worker ask: correct it, or allow the"
                        f" host in the worker property {HOSTS}",
                    )
                    return


def _texts(value: Any) -> list[str]:
    match value:
        case SecretStr():
            return [value.get_secret_value()]
        case str():
            return [value]
        case list():
            return [str(item) for item in value]
    return []


def _is_within(path: str, allowed: tuple[str, ...]) -> bool:
    """Links and .. are followed on both sides."""
    try:
        real = Path(path).resolve()
        return any(real.is_relative_to(Path(folder).resolve()) for folder in allowed)
    except (OSError, RuntimeError, ValueError):
        return False


def _is_allowed(text: str, allowed: tuple[str, ...]) -> bool:
    found = _host_and_port(text)
    if found is None:
        return False
    scheme, host, port = found
    return scheme == _IN_MEMORY or any(_matches(pattern, host, port) for pattern in allowed)


def _matches(pattern: str, host: str, port: int | None) -> bool:
    wanted = _host_and_port(pattern)
    if wanted is None:
        return False
    _, name, only_port = wanted
    if only_port is not None and only_port != port:
        return False
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def _host_and_port(text: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None if the text is no place in a network."""
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    # A client that splits otherwise at a backslash, a blank or a second @ would ask somebody else.
    if not host or any(odd in parts.netloc for odd in "\\ \t\r\n") or parts.netloc.count("@") > 1:
        return None
    return parts.scheme, host, _PORTS.get(parts.scheme) if port is None else port
