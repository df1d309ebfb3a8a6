"""What the text of a worker property stands for, where pydantic cannot tell; faults are ValueErrors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from connector.config.listener import Listener, parse_listeners


def _bootstrap_servers(text: str) -> str:
    servers = [server.strip() for server in text.split(",") if server.strip()]
    if not servers:
        raise ValueError("Name at least one broker as host:port.")
    for server in servers:
        host, _, port = server.rpartition("://")[2].rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(
                f"Invalid url in bootstrap.servers: {server}. Write host:port, with commas between."
            )
    return ",".join(servers)


def _log_level(text: str) -> str:
    return {"WARN": "WARNING", "TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(
        text.strip().upper(), text.strip().upper()
    )


def _listeners(value: str | tuple[Listener, ...]) -> tuple[Listener, ...]:
    return parse_listeners(value) if isinstance(value, str) else value


def _admin_listeners(value: str | tuple[Listener, ...] | None) -> tuple[Listener, ...] | None:
    """Empty turns it off."""
    if isinstance(value, str):
        return parse_listeners(value) if value.strip() else ()
    return value


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (
        tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value
    )


def _listed_or_none(value: str | tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Empty is something else than absent."""
    return None if value is None else _listed(value)


def _policy(text: str) -> str:
    """By its name, or by its class, as Kafka Connect has it."""
    return text.strip().rpartition(".")[2].removesuffix("ConnectorClientConfigOverridePolicy")


def _lower(text: str) -> str:
    return text.strip().lower()


Listed = BeforeValidator(_listed)
Lower = BeforeValidator(_lower)

BootstrapServers = Annotated[str, BeforeValidator(_bootstrap_servers)]
Listeners = Annotated[tuple[Listener, ...], BeforeValidator(_listeners)]
AdminListeners = Annotated[tuple[Listener, ...] | None, BeforeValidator(_admin_listeners)]
Names = Annotated[tuple[str, ...], Listed]
NamesOrNone = Annotated[tuple[str, ...] | None, BeforeValidator(_listed_or_none)]
Milliseconds = Annotated[int, Field(ge=1)]
Port = Annotated[int, Field(ge=0, le=65535)]
Policy = Annotated[Literal["All", "None", "Allowlist", "Principal"], BeforeValidator(_policy)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_log_level)]
