"""Checks of a bucket that leave nothing in it: is it there, may uploads be made and aborted where records go.

No object is ever written, and no part: the connector needs no permission to delete one, so an object could
not be removed, and readers of the bucket might take it for data.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

from connector.aws.check import IdentityCheck
from connector.aws.faults import DENIED, NOT_OFFERED, code_of
from connector.aws.partition import region_of_endpoint
from connector.aws.reach import endpoint_of, reach
from connector.check import Check, Outcome, failed, ok, skipped, warning
from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError
from connector.sinks.s3.client import bucket_of, s3_client
from connector.sinks.s3.lifecycle import LEAST_DAYS, lifecycle_finding, state_finding
from connector.sinks.s3.probe import NO_SUCH_UPLOAD, NOBODY, ProbeUploads, by_hand, probe_key
from connector.sinks.s3.refusal import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.check import Finding
    from connector.sinks.base import SinkContext
    from connector.sinks.s3.config import S3Config

ENDPOINT = "S3 endpoint"
BUCKET = "S3 bucket"
ABORT = "S3 abort"
UPLOAD = "S3 upload"
NOTHING_LEFT = "S3 nothing left"
LIFECYCLE = "S3 lifecycle"
STATE_LIFECYCLE = "S3 state lifecycle"
CONDITIONAL = "S3 conditional writes"

_TOPICS = 5

_NOT_MET = frozenset({"PreconditionFailed", "NoSuchKey", "ConditionalRequestConflict"})
_NO_LIFECYCLE = "NoSuchLifecycleConfiguration"


class BucketCheck:
    """The checks of an S3 sink, its identity's first.

    Requests carry what those of the sink carry, encryption and labels among it: who may not encrypt so, or a
    store that does not, refuses the first of them.
    """

    def __init__(self, config: S3Config, context: SinkContext, topics: Sequence[str]) -> None:
        """Args: ``topics`` are those whose object names are tried; none if only a pattern is known."""
        self._config = config
        self._identity = config.identity(context.connector, context.task)
        self.identity = IdentityCheck(self._identity, sts_matters=config.asks_sts)
        self._attributes = config.attributes()
        self._place = bucket_of(config)
        self._client = partial(s3_client, config, context)
        self._uploads = ProbeUploads(config, self._client)
        self._keys = {topic: probe_key(config, topic) for topic in list(topics)[:_TOPICS] or [NOBODY]}

    def checks(self) -> list[Check]:
        asked = (ENDPOINT, *self.identity.needed)
        there = (*asked, BUCKET)
        return [
            *self.identity.checks(),
            Check(ENDPOINT, self._reach),
            Check(BUCKET, self._bucket, asked),
            Check(ABORT, self._abort_nothing, there),
            *(
                Check(f"{UPLOAD} of {topic}", self._upload_of(key), (*there, ABORT))
                for topic, key in self._keys.items()
            ),
            Check(CONDITIONAL, self._conditional, (*there, ABORT, f"{UPLOAD} of {next(iter(self._keys))}")),
            Check(NOTHING_LEFT, self._nothing_left, there),
            Check(LIFECYCLE, self._lifecycle, there),
            *([Check(STATE_LIFECYCLE, self._state_lifecycle, there)] if self._config.is_exactly_once else ()),
        ]

    # ---- each check ----

    async def _reach(self) -> Finding:
        config = self._config
        there = region_of_endpoint(config.endpoint_url or "")
        if there and there != config.region:
            return failed(
                f"the endpoint is in {there}, the region is {config.region}, for which requests are signed",
                "set aws.s3.region and aws.s3.endpoint to the same region, or leave aws.s3.endpoint out",
                code=ErrorCode.AWS_REGION_WRONG,
            )
        url = await endpoint_of("s3", config.region, config.endpoint_url)
        return await reach(url, self._identity.transport)

    async def _bucket(self) -> Finding:
        async with self._client() as client:
            return await self._place.look(client)

    async def _abort_nothing(self) -> Finding:
        """Before anything is begun: an upload that does not exist can be aborted by whoever may abort."""
        key = next(iter(self._keys.values()))
        try:
            await self._uploads.abort(key, uuid.uuid4().hex)
        except AccessError as error:
            code = code_of(error)
            if code in DENIED or code == "NoSuchBucket":
                raise
            if code != NO_SUCH_UPLOAD:
                return skipped(f"cannot tell: {error.fact}")
        return ok("s3:AbortMultipartUpload is allowed")

    def _upload_of(self, key: str) -> Any:
        return lambda: self._upload(key)

    async def _upload(self, key: str) -> Finding:
        async with self._client() as client:
            try:
                created = await self._uploads.begin(client, key)
            except AccessError as error:
                raise explained(error, self._config) from error.__cause__
            await self._uploads.undo(key, created["UploadId"])
        return ok(f"created and aborted under {key}{_encryption(created)}")

    async def _nothing_left(self) -> Finding:
        if not self._uploads.tried:
            return skipped("no upload was tried")
        try:
            found = await self._uploads.left()
        except (AccessError, RetriableError) as error:
            if code_of(error) in DENIED | NOT_OFFERED:
                return _cannot_tell(error)
            raise
        for key, upload_id in found:
            await self._uploads.undo(key, upload_id)
        if left := await self._uploads.left() if found else []:
            return failed(
                f"{len(left)} incomplete upload(s) stay behind",
                by_hand(self._config.bucket, *left[0]),
                code=ErrorCode.S3_UPLOAD_LEFT_BEHIND,
            )
        aborted = f"; {len(found)} aborted that were left" if found else ""
        return ok(f"no incomplete upload of this check{aborted}")

    async def _lifecycle(self) -> Finding:
        least_days = LEAST_DAYS if self._config.is_exactly_once else 0
        keys = list(self._keys.values())
        return await self._judged(lambda rules: lifecycle_finding(rules, keys, least_days))

    async def _state_lifecycle(self) -> Finding:
        return await self._judged(lambda rules: state_finding(rules, self._config.state_prefix))

    async def _judged(self, judge: Callable[[Sequence[dict[str, Any]]], Finding]) -> Finding:
        """The bucket's lifecycle rules, if they may be seen."""
        try:
            async with self._client() as client:
                answer = await client.call_once(
                    "GetBucketLifecycleConfiguration",
                    "get_bucket_lifecycle_configuration",
                    self._place.arn,
                    Bucket=self._config.bucket,
                    **self._attributes.owner(),
                )
        except (AccessError, RetriableError) as error:
            code = code_of(error)
            if code == _NO_LIFECYCLE:
                return judge([])
            if code in DENIED | NOT_OFFERED:
                return _cannot_tell(error)
            raise
        return judge(answer.get("Rules", []))

    async def _conditional(self) -> Finding:
        """Complete an upload that has no parts, on a condition that no object meets.

        A store that knows conditions answers that this one is not met. One that does not answers that the
        part is not there, and has nothing that it could write: so the worst that can happen is not to know.
        """
        key = next(iter(self._keys.values()))
        async with self._client() as client:
            upload_id = (await self._uploads.begin(client, key))["UploadId"]
            try:
                await self._uploads.complete_nothing(client, key, upload_id)
            except (AccessError, RetriableError) as error:
                found = _condition_finding(code_of(error), error)
                return _needed(found) if self._attributes.is_conditional else found
            finally:
                await self._uploads.undo(key, upload_id)
        return warning(
            f"the store completed an upload that has no parts: it may have written the object {key}",
            f"look for it, and remove it: aws s3api delete-object --bucket '{self._config.bucket}'"
            f" --key '{key}'",
        )


def _cannot_tell(error: AccessError | RetriableError) -> Finding:
    """What a store does not offer may come as 501, which counts as passing like every other 5xx."""
    if isinstance(error, AccessError):
        return skipped(f"cannot tell: {error.fact}", error.remedy)
    return skipped(f"cannot tell: {error}")


def _condition_finding(code: str, error: AccessError | RetriableError) -> Finding:
    """What the answer to a condition that cannot be met tells (S3 user guide, "Conditional writes")."""
    if code in _NOT_MET:
        return ok(f"supported: a condition that is not met was refused with {code}")
    fact = error.fact if isinstance(error, AccessError) else error
    if code in NOT_OFFERED:
        return skipped(f"not offered: {fact}; this connector does without")
    return skipped(
        f"cannot tell: {fact}. The store does not know conditions, or looks at the parts or the"
        " permissions first; trying further could leave an object behind, and this connector does without"
    )


def _needed(found: Finding) -> Finding:
    """The same, where ``aws.s3.object.exists`` relies on conditions."""
    if found.outcome is Outcome.OK:
        return found
    return warning(
        f"aws.s3.object.exists relies on conditional writes, and: {found.detail}",
        "try it with two objects of one name, or set aws.s3.object.exists to overwrite",
    )


def _encryption(created: dict[str, Any]) -> str:
    """What S3 will encrypt with; of KMS, completing and parts need more than creating does.

    Source: S3 user guide, "Multipart upload API and permissions", AWS KMS.
    """
    kind = created.get("ServerSideEncryption")
    if not kind:
        return ""
    if key := created.get("SSEKMSKeyId"):
        return f"; encrypted with {kind} key {key}: parts also need kms:Decrypt on it, which is not tested"
    return f"; encrypted with {kind}"
