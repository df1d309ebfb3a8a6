"""Checks of a bucket that leave nothing in it: is it there, may uploads be made and aborted where records go.

No object is ever written, and no part: the connector needs no permission to delete one, so an object could
not be removed, and readers of the bucket might take it for data.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any

from connector.aws.check import IdentityCheck
from connector.aws.faults import DENIED, NOT_OFFERED, code_of
from connector.aws.partition import region_of_endpoint
from connector.aws.reach import endpoint_of, reach
from connector.check import Check, Outcome, failed, ok, skipped, warning
from connector.error_codes import ErrorCode
from connector.errors import AccessError, BatchError, RetriableError
from connector.record import Record, RecordBatch, TopicPartition
from connector.retry import Backoff, retrying
from connector.sinks.s3.attributes import Origin
from connector.sinks.s3.grouping import MAX_KEY_BYTES
from connector.sinks.s3.refusal import explained
from connector.sinks.s3.store import bucket_of, s3_client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.aws.clients import AwsClient
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

_NOBODY = "connector-check"
_TOPICS = 5
_FAR_OFFSET = 10**18
_ABORT_SECONDS = 10.0

_NO_ETAG = f'"{"0" * 32}"'
_NOT_MET = frozenset({"PreconditionFailed", "NoSuchKey", "ConditionalRequestConflict"})
_NO_SUCH_UPLOAD = "NoSuchUpload"
_LEAST_DAYS = 7
"""As long as Kafka keeps the offsets of a group that is stopped (``offsets.retention.minutes``)."""
_LEAST_STATE_DAYS = 30
_NO_LIFECYCLE = "NoSuchLifecycleConfiguration"


class BucketCheck:
    """The checks of an S3 sink, its identity's first.

    Requests carry what those of the sink carry, encryption and labels among it: who may not encrypt so, or a
    store that does not, refuses the first of them.
    """

    def __init__(self, config: S3Config, context: SinkContext, topics: Sequence[str]) -> None:
        """Args: ``topics`` are those whose object names are tried; none if only a pattern is known."""
        self._config = config
        self._context = context
        self._identity = config.identity(context.connector, context.task)
        self.identity = IdentityCheck(self._identity, sts_matters=config.asks_sts)
        self._attributes = config.attributes()
        self._place = bucket_of(config)
        self._keys = {topic: probe_key(config, topic) for topic in list(topics)[:_TOPICS] or [_NOBODY]}
        self._tried: set[str] = set()

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
            await self._abort(key, uuid.uuid4().hex)
        except AccessError as error:
            code = code_of(error)
            if code in DENIED or code == "NoSuchBucket":
                raise
            if code != _NO_SUCH_UPLOAD:
                return skipped(f"cannot tell: {error.fact}")
        return ok("s3:AbortMultipartUpload is allowed")

    def _upload_of(self, key: str) -> Any:
        return lambda: self._upload(key)

    async def _upload(self, key: str) -> Finding:
        async with self._client() as client:
            try:
                created = await self._begin(client, key)
            except AccessError as error:
                raise explained(error, self._config) from error.__cause__
            await self._undo(key, created["UploadId"])
        return ok(f"created and aborted under {key}{_encryption(created)}")

    async def _nothing_left(self) -> Finding:
        if not self._tried:
            return skipped("no upload was tried")
        try:
            found = await self._left()
        except (AccessError, RetriableError) as error:
            if code_of(error) in DENIED | NOT_OFFERED:
                return _cannot_tell(error)
            raise
        for key, upload_id in found:
            await self._undo(key, upload_id)
        if left := await self._left() if found else []:
            return failed(
                f"{len(left)} incomplete upload(s) stay behind",
                _by_hand(self._config.bucket, *left[0]),
                code=ErrorCode.S3_UPLOAD_LEFT_BEHIND,
            )
        aborted = f"; {len(found)} aborted that were left" if found else ""
        return ok(f"no incomplete upload of this check{aborted}")

    async def _lifecycle(self) -> Finding:
        least_days = _LEAST_DAYS if self._config.is_exactly_once else 0
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
            upload_id = (await self._begin(client, key))["UploadId"]
            try:
                await self._complete_nothing(client, key, upload_id)
            except (AccessError, RetriableError) as error:
                found = _condition_finding(code_of(error), error)
                return _needed(found) if self._attributes.is_conditional else found
            finally:
                await self._undo(key, upload_id)
        return warning(
            f"the store completed an upload that has no parts: it may have written the object {key}",
            f"look for it, and remove it: aws s3api delete-object --bucket '{self._config.bucket}'"
            f" --key '{key}'",
        )

    # ---- what they are made of ----

    async def _begin(self, client: AwsClient, key: str) -> dict[str, Any]:
        self._tried.add(key)
        return await client.call_once(
            "CreateMultipartUpload",
            "create_multipart_upload",
            self._place.arn_of(key),
            Bucket=self._config.bucket,
            Key=key,
            **self._attributes.creation(Origin(TopicPartition(_NOBODY, 0), 0)),
        )

    async def _complete_nothing(self, client: AwsClient, key: str, upload_id: str) -> None:
        await client.call_once(
            "CompleteMultipartUpload",
            "complete_multipart_upload",
            self._place.arn_of(key),
            Bucket=self._config.bucket,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": _NO_ETAG}]},
            IfMatch=_NO_ETAG,
            **self._attributes.reading(),
        )

    def _client(self) -> AwsClient:
        return s3_client(self._config, self._context)

    async def _undo(self, key: str, upload_id: str) -> None:
        """Abort, even if the time of the step ends meanwhile; it has a time of its own.

        Raises:
            AccessError: It stays behind; says how to remove it by hand.
        """
        undoing = asyncio.create_task(self._insist_on_abort(key, upload_id))
        try:
            await asyncio.shield(undoing)
        except asyncio.CancelledError:
            await undoing
            raise

    async def _insist_on_abort(self, key: str, upload_id: str) -> None:
        try:
            async with asyncio.timeout(_ABORT_SECONDS):
                await retrying(lambda: self._abort(key, upload_id), Backoff(), lambda _: None)
        except (AccessError, RetriableError, TimeoutError) as error:
            if code_of(error) == _NO_SUCH_UPLOAD:
                return
            raise AccessError(
                f"the incomplete upload {upload_id} of {key} stays behind ({error or 'no answer'})",
                remedy=_by_hand(self._config.bucket, key, upload_id),
                code=ErrorCode.S3_UPLOAD_LEFT_BEHIND,
            ) from error

    async def _abort(self, key: str, upload_id: str) -> None:
        async with self._client() as client:
            await client.call_once(
                "AbortMultipartUpload",
                "abort_multipart_upload",
                self._place.arn_of(key),
                Bucket=self._config.bucket,
                Key=key,
                UploadId=upload_id,
                **self._attributes.account,
            )

    async def _left(self) -> list[tuple[str, str]]:
        """Key and id of each upload of this check that is still there."""
        found = []
        async with self._client() as client:
            for key in sorted(self._tried):
                answer = await client.call_once(
                    "ListMultipartUploads",
                    "list_multipart_uploads",
                    self._place.arn,
                    Bucket=self._config.bucket,
                    Prefix=key,
                    **self._attributes.account,
                )
                found += [(upload["Key"], upload["UploadId"]) for upload in answer.get("Uploads", ())]
        return found


def probe_key(config: S3Config, topic: str) -> str:
    """A key of the very form that objects of this topic have, so that the same policies apply.

    No object has it: its offset is one that no topic reaches, its record key is made up.
    """
    offset, now_ms = _FAR_OFFSET + secrets.randbelow(_FAR_OFFSET), time.time_ns() // 1_000_000
    unique = f"{_NOBODY}-{uuid.uuid4().hex}"
    grouper = config.create_grouper(config.create_format().suffix)
    batch = RecordBatch.of(TopicPartition(topic, 0), [Record(offset, unique.encode(), b"", now_ms)])
    try:
        ((group, _),) = grouper.split(batch, now_ms)
    except BatchError:
        # Too long by what is made up here; the keys of real records may be shorter.
        start = (config.name_template or "").partition("{{")[0].encode()[: MAX_KEY_BYTES - len(unique)]
        return start.decode(errors="ignore") + unique
    return grouper.object_key(group, offset)


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


def lifecycle_finding(
    rules: Sequence[dict[str, Any]], keys: Sequence[str], least_days: int = _LEAST_DAYS
) -> Finding:
    """Whether incomplete uploads of all these keys are removed by some rule, and by none too early.

    Args:
        rules: Of the bucket.
        keys: Of objects.
        least_days: That an upload may be needed for while a connector is stopped.
    """
    if not rules:
        return _no_rule("the bucket has no lifecycle rule")
    prefixes = [_rule_prefix(rule) for rule in rules if _aborts(rule)]
    if not prefixes:
        return _no_rule("no enabled rule aborts incomplete uploads")
    missed = [key for key in keys if not key.startswith(tuple(prefixes))]
    if missed:
        return _no_rule(f"the rules that abort incomplete uploads do not cover {missed[0]}")
    days = min(
        rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for rule in rules if _aborts(rule)
    )
    if days < least_days:
        return warning(
            f"incomplete uploads are aborted after {days} day(s): those of a connector that is stopped for"
            " longer are written again, or the task fails if their names have the time of the wall clock",
            f"let the rule wait {least_days} days, and longer than objects stay open",
        )
    return ok(f"incomplete uploads are aborted, the first after {days} day(s)")


def state_finding(rules: Sequence[dict[str, Any]], prefix: str) -> Finding:
    """Whether state objects that are superseded and may not be deleted go, and none that is still needed."""
    expiring = [rule for rule in rules if rule.get("Status") == "Enabled" and "Expiration" in rule]
    found = [
        rule
        for rule in expiring
        if prefix.startswith(where := _rule_prefix(rule)) or where.startswith(prefix)
    ]
    days = [rule["Expiration"]["Days"] for rule in found if "Days" in rule["Expiration"]]
    if days and min(days) < _LEAST_STATE_DAYS:
        return warning(
            f"objects below {prefix} expire after {min(days)} day(s), also state that is still needed",
            f"let them stay {_LEAST_STATE_DAYS} days, and longer than objects stay open and the connector is"
            " ever stopped",
        )
    if not any(prefix.startswith(_rule_prefix(rule)) for rule in found):
        return warning(
            f"no rule expires objects below {prefix}: where s3:DeleteObject is not granted, state that is"
            " superseded stays and is paid for",
            "grant s3:DeleteObject there (connector aws policy --optional), or add a lifecycle rule with"
            f" Expiration for {prefix}, e.g. after {_LEAST_STATE_DAYS} days",
        )
    return ok(
        f"objects below {prefix} expire, the first after {min(days)} day(s)" if days else "there is a rule"
    )


def _aborts(rule: dict[str, Any]) -> bool:
    return rule.get("Status") == "Enabled" and "AbortIncompleteMultipartUpload" in rule


def _rule_prefix(rule: dict[str, Any]) -> str:
    """Where a rule applies (S3 API reference, LifecycleRule: in the filter, or beside it as it once was)."""
    where = rule.get("Filter", {})
    return str(where.get("Prefix") or where.get("And", {}).get("Prefix") or rule.get("Prefix") or "")


def _no_rule(fact: str) -> Finding:
    return warning(
        f"{fact}: what a killed worker leaves unfinished stays, unseen, and is paid for",
        "add a lifecycle rule with AbortIncompleteMultipartUpload, longer than an upload takes, e.g. 7 days",
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


def _by_hand(bucket: str, key: str, upload_id: str) -> str:
    return (
        "grant s3:AbortMultipartUpload, and remove it: aws s3api abort-multipart-upload"
        f" --bucket '{bucket}' --key '{key}' --upload-id '{upload_id}'"
    )
