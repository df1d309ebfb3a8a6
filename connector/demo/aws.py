"""The embedded AWS: a moto server with a bucket, a role that wants an external id, and two IAM users.

Once the account is set up, moto checks keys, signatures and policies, so the role matters as it does in AWS.
"""

from __future__ import annotations

import json
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from botocore.exceptions import ClientError

from connector.aws.session import new_session
from connector.demo import policy
from connector.demo.errors import DemoError
from connector.demo.process import ChildProcess

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class Keys:
    """Long-term keys of an IAM user."""

    access_key_id: str
    secret: str = field(repr=False)


_ANYBODY = Keys("anybody", "anything")
"""For the set-up; before keys are checked, any will do."""


@dataclass(frozen=True, slots=True)
class Account:
    """What was created.

    Attributes:
        role_arn: The role that may write to the bucket.
        external_id: What its trust policy demands.
        base: Keys of the user who may assume it, and may do nothing else.
        reader: Keys of the user who counts what is in the bucket.
    """

    role_arn: str
    external_id: str
    base: Keys
    reader: Keys


class EmbeddedAws:
    """moto in a process of its own; use as an async context manager."""

    def __init__(self, region: str, log: Path) -> None:
        self.url = ""
        self._region = region
        self._process = ChildProcess(["-m", "connector.demo.moto_process"], log)
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._resources.enter_async_context(self._process)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._resources.aclose()

    async def listening(self) -> None:
        """Wait until it does."""
        port = await self._process.read_line()
        if not port:
            raise DemoError(f"The embedded AWS did not start:\n{self._process.log_tail()}")
        self.url = f"http://127.0.0.1:{port}"

    async def ended(self) -> None:
        """Wait for the process, which should not end by itself.

        Raises:
            DemoError: It did.
        """
        raise DemoError(f"The embedded AWS ended with code {await self._process.wait()}")

    async def client(self, service: str, keys: Keys) -> Any:
        """A client that lives as long as this object."""
        context = new_session().create_client(
            service,
            region_name=self._region,
            endpoint_url=self.url,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret,
        )
        return await self._resources.enter_async_context(context)

    async def create_account(self, role_name: str, bucket: str) -> Account:
        """Create bucket, users and role, then have moto check who comes."""
        s3, iam = await self.client("s3", _ANYBODY), await self.client("iam", _ANYBODY)
        await s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": self._region})
        external_id = f"demo-{secrets.token_hex(6)}"
        user_arn, base = await _create_user(iam, "connector")
        role = await iam.create_role(
            RoleName=role_name,
            AssumeRolePolicyDocument=json.dumps(policy.trust(user_arn, external_id)),
        )
        role_arn: str = role["Role"]["Arn"]
        await _allow(iam.put_role_policy, policy.write(bucket), RoleName=role_name)
        await _allow(iam.put_user_policy, policy.assume(role_arn), UserName="connector")
        _, reader = await _create_user(iam, "auditor")
        await _allow(iam.put_user_policy, policy.read(bucket), UserName="auditor")
        await self._check_everybody()
        return Account(role_arn, external_id, base, reader)

    async def refuses_wrong_external_id(self, account: Account) -> bool:
        """Show that the external id matters, rather than say so."""
        sts = await self.client("sts", account.base)
        try:
            await sts.assume_role(
                RoleArn=account.role_arn, RoleSessionName="intruder", ExternalId="a-wrong-external-id"
            )
        except ClientError as error:
            return bool(error.response["Error"]["Code"] == "AccessDenied")
        return False

    async def _check_everybody(self) -> None:
        url, headers = f"{self.url}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        async with aiohttp.ClientSession() as http, http.post(url, data=b"0", headers=headers) as answer:
            answer.raise_for_status()


async def _create_user(iam: Any, name: str) -> tuple[str, Keys]:
    user = await iam.create_user(UserName=name)
    key = (await iam.create_access_key(UserName=name))["AccessKey"]
    return user["User"]["Arn"], Keys(key["AccessKeyId"], key["SecretAccessKey"])


async def _allow(put: Any, document: policy.Policy, **owner: str) -> None:
    await put(PolicyName="demo", PolicyDocument=json.dumps(document), **owner)
