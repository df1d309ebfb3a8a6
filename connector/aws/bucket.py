"""Is a bucket there, and in the region that requests are signed for? Asked with HeadBucket, once.

HeadBucket needs s3:ListBucket, which whoever only writes objects need not have: a refusal says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from connector import logs
from connector.check import failed, ok, skipped, warning
from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.aws.clients import AwsClient
    from connector.check import Finding

log = logs.get(__name__)

_REGION_OPTION = "aws.s3.region"
_MOVED, _BAD_REQUEST, _FORBIDDEN, _ABSENT = 301, 400, 403, 404


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as a config names it.

    Attributes:
        name: Without ARN.
        region: That requests to it are signed for.
        arn: As permissions name it.
        option: That names it.
        endpoint: The one given; None is AWS's own.
        owner: Parameters that say whose bucket it must be.
    """

    name: str
    region: str
    arn: str
    option: str
    endpoint: str | None = None
    owner: Mapping[str, Any] = field(default_factory=dict)

    def arn_of(self, key: str) -> str:
        """Of an object in it."""
        return f"{self.arn}/{key}"

    async def expect(self, client: AwsClient) -> None:
        """Find a missing bucket or a wrong region before the first record.

        A store that has trouble now says nothing either; writing to it is what will be repeated.

        Raises:
            AccessError: The bucket is not there, or in another region.
        """
        try:
            await self._head(client)
        except RetriableError as error:
            log.warning("bucket not checked", bucket=self.name, error=error)
        except AccessError as error:
            status, region = _answer(error)
            if status == _ABSENT:
                raise AccessError(
                    f"{self.option}: the bucket {self.name} does not exist: create it, or correct the name.",
                    code=ErrorCode.S3_BUCKET_MISSING,
                ) from error
            if status == _MOVED:
                where = region or "another region"
                raise AccessError(
                    f"{_REGION_OPTION}: the bucket {self.name} is in {where}: set {_REGION_OPTION} to it.",
                    code=ErrorCode.AWS_REGION_WRONG,
                ) from error
            log.debug("bucket not checked", bucket=self.name, reason=str(error))

    async def look(self, client: AwsClient) -> Finding:
        """The same as a check that tells all it learns; raises RetriableError."""
        try:
            answer = await self._head(client)
        except AccessError as error:
            return self._refused(error, *_answer(error))
        return self._elsewhere(_region(answer)) or ok(f"{self.name} is in {self.region}")

    async def _head(self, client: AwsClient) -> dict[str, Any]:
        return await client.call_once("HeadBucket", "head_bucket", self.arn, Bucket=self.name, **self.owner)

    def _refused(self, error: AccessError, status: int, region: str | None) -> Finding:
        """A HEAD has no body: the status and one header are all that tells."""
        if status == _ABSENT:
            return failed(
                f"the bucket {self.name} does not exist",
                f"create it, or correct {self.option}",
                code=ErrorCode.S3_BUCKET_MISSING,
            )
        if elsewhere := self._elsewhere(region, is_refused=status in {_MOVED, _BAD_REQUEST}):
            return elsewhere
        if status == _MOVED:
            return failed(
                f"the bucket {self.name} is in another region",
                f"set {_REGION_OPTION} to its region",
                code=ErrorCode.AWS_REGION_WRONG,
            )
        if status == _FORBIDDEN:
            return skipped(
                f"cannot tell: HeadBucket is forbidden, which needs s3:ListBucket on {self.arn};"
                " the connector does without"
            )
        return failed(error.fact, error.remedy, code=error.code)

    def _elsewhere(self, region: str | None, *, is_refused: bool = False) -> Finding | None:
        if region is None or region == self.region:
            return None
        fact = f"the bucket {self.name} is in {region}, not in {self.region}"
        remedy = f"set {_REGION_OPTION} to {region}"
        if self.endpoint is not None and not is_refused:
            # A compatible store may call its region what it likes, and take any.
            return warning(fact, remedy)
        return failed(fact, remedy, code=ErrorCode.AWS_REGION_WRONG)


def _answer(error: AccessError) -> tuple[int, str | None]:
    """What a refusal tells: the status (0 without an answer) and the bucket's region."""
    answer = error.__cause__.response if isinstance(error.__cause__, ClientError) else {}
    return answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0), _region(answer)


def _region(answer: Any) -> str | None:
    region = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region")
    return str(region) if region else None
