"""Sessions of botocore which share the models of AWS's services: those are the same for a whole process."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from aiobotocore.session import AioSession
from botocore.loaders import Loader, create_loader
from botocore.session import Session

_S = TypeVar("_S", bound=Session)


def new_session(profile: str | None = None) -> AioSession:
    """A session that knows no credentials yet; of this profile, or else of the environment's."""
    return sharing(AioSession(profile=profile))


def sharing(session: _S) -> _S:
    """Let it use what others have read: by itself, each session parses all models again (20 ms a file)."""
    session.lazy_register_component("data_loader", lambda: _models(session.get_config_variable("data_path")))
    return session


@cache
def _models(data_path: str | None) -> Loader:
    """What is read stays: one model of each service that the worker uses, and the list of endpoints."""
    return create_loader(data_path)
