"""Credentials of a role, as far as no server is asked."""

from __future__ import annotations

from pydantic import SecretStr

from connector.aws.credentials import signing_session
from connector.aws.identity import Identity, StaticKeys

IDENTITY = Identity(
    base=StaticKeys("AKIAIOSFODNN7EXAMPLE", SecretStr("secret")),
    role_arn="arn:aws:iam::123456789012:role/writer",
    external_id="external",
    session_name="connect-test",
    duration_seconds=3600,
    region="eu-north-1",
)


async def test_a_client_that_signs_as_a_role_is_made_before_the_role_is_assumed() -> None:
    async with signing_session(IDENTITY).create_client("s3", region_name="eu-north-1") as client:
        assert client.meta.region_name == "eu-north-1"
