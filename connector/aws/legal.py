"""What AWS accepts as the value of an option; validators, each with the source of its rule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.config.option import HiddenValueError, non_empty

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from pydantic import SecretStr

_ROLE_ARN = re.compile(r"arn:aws(-[a-z]+)*:iam::\d{12}:role/([\w+=,.@/-]{0,511}/)?[\w+=,.@-]{1,64}", re.ASCII)
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+|aws(-[a-z]+)*-global", re.ASCII)
# As botocore's is_valid_endpoint_url, which refuses others when a client is made.
_HOST = re.compile(r"[a-z\d-]{1,63}(\.[a-z\d-]{1,63})*\.?|\[[\da-f:.]+\]", re.ASCII | re.IGNORECASE)
_BLANK = re.compile(r"[\x00-\x20\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PROXY = "http://proxy.example.com:3128"
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
        if not re.fullmatch(r"[\w .:/+@-]{1,128}=[\w .:/=+@-]{0,256}", tag):
            raise ValueError("each tag is name=value, of letters, digits, blanks and _ . : / = + - @")
    names = [tag.partition("=")[0].strip().lower() for tag in tags]
    if not all(names) or any(name.startswith("aws:") for name in names):
        raise ValueError(
            "the name of a tag is not empty and does not start with aws:, which AWS keeps for itself"
        )
    if len(names) > len(set(names)):
        raise ValueError("the names of tags must differ in more than case")


def region(value: str) -> None:
    if not _REGION.fullmatch(value):
        raise ValueError("not an AWS region; expected for example eu-north-1")


def endpoint(value: str) -> None:
    """An endpoint with host, and scheme or not."""
    non_empty(value)
    if "@" in value:
        raise HiddenValueError(
            "must not hold a user or a password, which would be shown; requests to AWS are signed instead"
        )
    if re.search(r"[?#]", value):
        raise ValueError("should be valid URL of an endpoint, without ? and #")
    parts = _url(value if "://" in value else f"https://{value}", "https://s3.eu-north-1.amazonaws.com")
    host = parts.netloc.removesuffix(f":{parts.port}").removesuffix(":")
    if not _HOST.fullmatch(host):
        raise ValueError("should be valid URL: a host name holds letters, digits, - and . only, and no _")


def proxy(secret: SecretStr) -> None:
    """A proxy without user and password, which have options of their own."""
    value = secret.get_secret_value()
    if "@" in value:
        raise ValueError("must not hold a user: use aws.proxy.username and aws.proxy.password")
    if "://" not in value:
        raise ValueError(f"should be valid URL, for example {_PROXY}")
    _url(value, _PROXY)


def _url(value: str, example: str) -> SplitResult:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or _BLANK.search(value):
        raise ValueError(f"should be valid URL, for example {example}")
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"should be valid URL: {error}") from None
    return parts


def in_a_header(secret: SecretStr) -> None:
    """A key id or a token, which travel in headers as they are."""
    non_empty(secret)
    if re.search(r"[^!-~]", secret.get_secret_value()):
        raise ValueError(
            "must hold no blank, line end or other character outside of ASCII: look at its ends, and at the"
            " end of the file that it is from"
        )


def secret_key(secret: SecretStr) -> None:
    """What requests are signed with; AWS tells no more than that the signature is wrong."""
    non_empty(secret)
    if _BLANK.search(secret.get_secret_value()):
        raise ValueError(
            "must hold no blank, line end or control character: look at its ends, and at the end of the file"
            " that it is from"
        )


def one_line(value: str) -> None:
    """A name or a path; the operating system and botocore break on control characters."""
    non_empty(value)
    if _CONTROL.search(value):
        raise ValueError("must hold no control character")
