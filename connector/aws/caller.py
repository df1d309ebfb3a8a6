"""Who AWS takes the worker for, before it assumes any role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiobotocore.config import AioConfig

from connector.aws.credentials import base_session
from connector.aws.faults import translate
from connector.errors import ConnectorError

if TYPE_CHECKING:
    from connector.aws.connection import Identity

_REQUEST_SECONDS = 10.0


async def caller(identity: Identity) -> str:
    """The ARN that STS knows the base identity by.

    Raises:
        AccessError: There are no credentials, or they are not valid.
        RetriableError: STS does not answer now.
    """
    config = AioConfig(
        connect_timeout=_REQUEST_SECONDS, read_timeout=_REQUEST_SECONDS, retries={"total_max_attempts": 1}
    )
    try:
        async with base_session(identity).create_client(
            "sts", region_name=identity.region, endpoint_url=identity.sts_endpoint, config=config
        ) as sts:
            arn: str = (await sts.get_caller_identity())["Arn"]
    except ConnectorError:
        raise
    except Exception as error:
        translated = translate(error, "GetCallerIdentity", "the identity of the worker")
        if translated is None:
            raise
        raise translated from error
    return arn
