"""The REST API of a worker as its settings want it: what is served where, and who is let in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from connector.errors import ConfigError
from connector.rest.app import Guard, make_app
from connector.rest.context import TopicTracking
from connector.rest.cross_origin import HeaderPolicy, parse_headers
from connector.rest.herder import Herder
from connector.rest.jmx import ConnectMetrics, Style
from connector.rest.principal import Principals
from connector.rest.routes import Part
from connector.rest.secrets import Secrets
from connector.rest.server import RestServer
from connector.rest.tls import server_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from aiohttp import web

    from connector.cluster.checks import ConnectorChecks
    from connector.cluster.connection_service import ConnectionService
    from connector.config.listener import Listener
    from connector.settings import WorkerSettings


class ServedHerder(Herder, Protocol):
    """A herder, and the operations of our own beside it."""

    @property
    def connections(self) -> ConnectionService | None: ...

    @property
    def checks(self) -> ConnectorChecks: ...


class RestListeners:
    """All that listens, made by :meth:`start`, ended by :meth:`stop`."""

    def __init__(self, servers: Sequence[RestServer]) -> None:
        self._servers = servers

    @classmethod
    async def start(cls, settings: WorkerSettings, herder: ServedHerder) -> Self:
        """Listen everywhere, or nowhere.

        Raises:
            ConfigError: Users, certificates or headers are at fault, or a listener cannot be opened.
        """
        guard = _guard(settings)
        is_apart = settings.admin_listeners is not None
        public = frozenset({Part.PUBLIC}) if is_apart else frozenset(Part)
        wanted = [(_app(settings, herder, guard, public), settings.listeners, "listeners")]
        if settings.admin_listeners:
            admin = _app(settings, herder, guard, frozenset({Part.ADMIN}))
            wanted.append((admin, settings.admin_listeners, "admin.listeners"))
        listeners = [*settings.listeners, *(settings.admin_listeners or ())]
        tls = _tls(settings, listeners)
        servers: list[RestServer] = []
        try:
            for app, where, option in wanted:
                servers.append(await RestServer.start(app, where, tls=tls, option=option))
        except BaseException:
            await cls(servers).stop()
            raise
        return cls(servers)

    async def stop(self) -> None:
        for server in self._servers:
            await server.stop()


def _app(
    settings: WorkerSettings, herder: ServedHerder, guard: Guard, parts: frozenset[Part]
) -> web.Application:
    return make_app(
        herder,
        secrets=Secrets(settings.rest_config_secrets),
        connections=herder.connections,
        checks=herder.checks,
        guard=guard,
        parts=parts,
        worker_id=settings.worker_id,
        connect_metrics=_connect_metrics(settings),
        tracking=TopicTracking(settings.topic_tracking_enable, settings.topic_tracking_allow_reset),
    )


def _guard(settings: WorkerSettings) -> Guard:
    return Guard(
        principals=Principals.read(Path(settings.rest_users_file)) if settings.rest_users_file else None,
        writes_per_second=settings.rest_write_rate,
        headers=HeaderPolicy(
            settings.access_control_allow_origin,
            settings.access_control_allow_methods,
            _headers(settings.response_http_headers_config),
        ),
    )


def _connect_metrics(settings: WorkerSettings) -> ConnectMetrics | None:
    styles = [Style(name) for name in settings.metrics_jmx_names]
    return ConnectMetrics(styles, settings.worker_id) if styles else None


def _headers(text: str) -> Any:
    try:
        return parse_headers(text)
    except ValueError as error:
        raise ConfigError.of("response.http.headers.config", str(error)) from None


def _tls(settings: WorkerSettings, listeners: Sequence[Listener]) -> ssl.SSLContext | None:
    if not any(listener.protocol == "https" for listener in listeners):
        return None
    return server_context(settings.https_config())
