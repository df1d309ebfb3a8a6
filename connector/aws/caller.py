"""Who AWS takes the worker for, before it assumes any role."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector.aws.credentials import base_session
from connector.aws.faults import translate
from connector.aws.identity import Anonymous
from connector.aws.transport import client_settings
from connector.error_codes import ErrorCode
from connector.errors import AccessError, ConnectorError

if TYPE_CHECKING:
    from connector.aws.identity import Identity


_MOST_SECONDS = 30.0


async def caller(identity: Identity) -> str:
    """The ARN that STS knows the base identity by.

    Raises:
        AccessError: There are no credentials, they are not valid, or requests are to be anonymous.
        RetriableError: STS does not answer now.
    """
    if isinstance(identity.base, Anonymous):
        raise AccessError(
            "aws.credentials.provider is anonymous: to AWS such requests come from nobody.",
            code=ErrorCode.AWS_IDENTITY_ANONYMOUS,
        )
    endpoint, settings = identity.transport.sts_endpoint, client_settings(identity.transport)
    try:
        async with (
            asyncio.timeout(_MOST_SECONDS),
            base_session(identity).create_client(
                "sts", region_name=identity.sts_region, endpoint_url=endpoint, **settings
            ) as sts,
        ):
            arn: str = (await sts.get_caller_identity())["Arn"]
    except ConnectorError:
        raise
    except Exception as error:
        translated = translate(error, "GetCallerIdentity", "the identity of the worker")
        if translated is None:
            raise
        raise translated from error
    return arn
