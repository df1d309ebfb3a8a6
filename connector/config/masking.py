"""Hides secrets in a config that is shown; says nothing about how a config is stored."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from connector.concealment import HIDDEN
from connector.config.reference import is_reference

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["HIDDEN", "is_reference", "looks_secret", "masked"]

_SECRET_ANYWHERE = re.compile(r"passw(or)?d|passphrase|secret", re.IGNORECASE)
_SECRET_AT_END = re.compile(
    r"(^|[._-])(jaas[._-]config|(session|access|auth|bearer|refresh)?[._-]?token|credentials?|user[._-]info"
    r"|(private|api|account|customer|keystore|ssl)[._-]?key|key[._-]pem|service[._-]account[._-]json)$",
    re.IGNORECASE,
)

_LOGIN_IN_URL = re.compile(r"(://)[^/?#@\s,]*:[^/?#\s,]*@")


@lru_cache(maxsize=10_000)  # few names stand in all configs, and each list of connectors asks for all of them
def looks_secret(name: str) -> bool:
    """Whether the value of a key of this name is a secret by all appearances."""
    return bool(_SECRET_ANYWHERE.search(name) or _SECRET_AT_END.search(name))


def masked(config: Mapping[str, str], secret_options: Collection[str] = ()) -> dict[str, str]:
    """``config`` with every secret replaced by ``[hidden]``, logins in URLs included, in the same order.

    Args:
        config: Dotted keys and text values, as submitted.
        secret_options: Keys that are known to be secret, beside those that look it.

    A value that is nothing but a reference such as ``${file:/etc/keys:password}`` stays: it tells where
    the secret is, not what it is. Empty values stay, too.
    """
    return {
        key: HIDDEN
        if _hides(value) and (key in secret_options or looks_secret(key))
        else _without_login(value)
        for key, value in config.items()
    }


def _without_login(value: str) -> str:
    return _LOGIN_IN_URL.sub(rf"\1{HIDDEN}@", value) if "://" in value else value


def _hides(value: str) -> bool:
    return bool(value) and not is_reference(value)
