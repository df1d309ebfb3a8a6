"""What AWS accepts as the value of an option; validators, each with the source of its rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.config.option import non_empty

if TYPE_CHECKING:
    from pydantic import SecretStr

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+|aws(-[a-z]+)*-global")
_MAXIMUM_TAGS = 50


def arn_of_role(value: str) -> None:
    """IAM user guide, IAM ARNs."""
    if not _ROLE_ARN.fullmatch(value):
        raise ValueError("not the ARN of a role; expected arn:aws:iam::<12-digit account>:role/<name>")


def external_id(value: str) -> None:
    """STS API reference, AssumeRole, ExternalId."""
    non_empty(value)
    if not re.fullmatch(r"[\w+=,.@:/-]{2,1224}", value, re.ASCII):
        raise ValueError("must have 2 to 1224 characters out of letters, digits and + = , . @ : / - _")


def session_name(value: str) -> None:
    """STS API reference, AssumeRole, RoleSessionName."""
    non_empty(value)
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", value, re.ASCII):
        raise ValueError("must have 2 to 64 characters out of letters, digits and + = , . @ - _")


def source_identity(value: str) -> None:
    """STS API reference, AssumeRole, SourceIdentity."""
    session_name(value)
    if value.startswith("aws:"):
        raise ValueError("must not start with aws:, which AWS keeps for itself")


def session_tags(tags: list[str]) -> None:
    """STS API reference, AssumeRole, Tags: 50 at most, names to 128 characters, values to 256."""
    if len(tags) > _MAXIMUM_TAGS:
        raise ValueError(f"may hold {_MAXIMUM_TAGS} tags at most")
    for tag in tags:
        if not re.fullmatch(r"[\w\s.:/+@-]{1,128}=[\w\s.:/=+@-]{0,256}", tag):
            raise ValueError("each tag is name=value, of letters, digits, blanks and _ . : / = + - @")


def region(value: str) -> None:
    if not _REGION.fullmatch(value):
        raise ValueError("not an AWS region; expected for example eu-north-1")


def endpoint(value: str) -> None:
    """An endpoint with host, and scheme or not."""
    non_empty(value)
    parts = urlsplit(value if "://" in value else f"https://{value}")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("should be valid URL, for example https://s3.eu-north-1.amazonaws.com")
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"should be valid URL: {error}") from None


def proxy(secret: SecretStr) -> None:
    """A proxy without user and password, which have options of their own."""
    value = secret.get_secret_value()
    if "://" not in value:
        raise ValueError("should be valid URL, for example http://proxy.example.com:3128")
    endpoint(value)
    if "@" in urlsplit(value).netloc:
        raise ValueError("must not hold a user: use aws.proxy.username and aws.proxy.password")
