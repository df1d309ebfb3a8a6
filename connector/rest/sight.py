"""Who asks, and what of a config they may see."""

from __future__ import annotations

from aiohttp import web

from connector.rest.context import SECRETS
from connector.rest.principal import Principal, Role
from connector.rest.secrets import Secrets

PRINCIPAL: web.RequestKey[Principal] = web.RequestKey("principal", Principal)


def principal_of(request: web.Request) -> Principal | None:
    """Who asks; None where anybody may."""
    return request.get(PRINCIPAL)


def secrets_of(request: web.Request) -> Secrets:
    """Only admins see secrets, where the worker shows any."""
    principal = principal_of(request)
    may_see = principal is None or principal.role is Role.ADMIN
    return request.app[SECRETS] if may_see else Secrets.MASKED
