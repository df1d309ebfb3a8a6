"""Finding a queue: its URL, its kind, its limits; and whether the options fit it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector import logs
from connector.aws.faults import DENIED, code_of
from connector.aws.partition import partition
from connector.aws.reach import endpoint_of
from connector.error_codes import ErrorCode
from connector.errors import AccessError
from connector.sinks.messaging.fifo import CONTENT
from connector.sinks.messaging.lookup import naming
from connector.sinks.sqs.queue import FIFO_SUFFIX, MOST_BYTES, Queue, QueueReference

if TYPE_CHECKING:
    from connector.aws.clients import AwsClient
    from connector.sinks.sqs.config import SqsConfig

log = logs.get(__name__)


async def find_queue(client: AwsClient, config: SqsConfig, topic: str) -> Queue:
    """The queue of a topic.

    What the identity may not ask is taken from names and defaults, and logged.

    Raises:
        AccessError: There is none, it cannot be found without more permissions, or options do not fit it.
        RetriableError: SQS does not answer now.
    """
    reference = reference_of(config, topic)
    url = reference.url or await _url(client, config, reference)
    queue = await _described(client, config, reference, url)
    check_options(config, queue)
    return queue


def reference_of(config: SqsConfig, topic: str) -> QueueReference:
    """What the option names for a topic; raises AccessError if that is no queue's name."""
    with naming("aws.sqs.queue", topic):
        return config.queue_of(topic)


def arn_of(config: SqsConfig, reference: QueueReference) -> str:
    """Its ARN, with * for an account that nobody named."""
    name = partition(config, config.service_endpoint("sqs"))
    return f"arn:{name}:sqs:{config.region}:{reference.account or '*'}:{reference.name}"


def check_options(config: SqsConfig, queue: Queue) -> None:
    """Raises AccessError if options and queue contradict each other."""
    kind = "a FIFO queue" if queue.is_fifo else "a standard queue"
    for problem in config.problems_of_kind(is_fifo=queue.is_fifo):
        raise AccessError(
            f"{queue.arn} is {kind}, and {problem.option} {problem.message}", code=ErrorCode.SQS_QUEUE_UNFIT
        )
    if config.deduplication_id == CONTENT and queue.is_fifo and queue.deduplicates_content is False:
        raise AccessError(
            f"aws.sqs.message.deduplication.id is {CONTENT}, but {queue.arn} does not deduplicate by content",
            remedy="set ContentBasedDeduplication on the queue, or remove the option",
            code=ErrorCode.SQS_QUEUE_UNFIT,
        )


async def _url(client: AwsClient, config: SqsConfig, reference: QueueReference) -> str:
    owner = {"QueueOwnerAWSAccountId": reference.account} if reference.account else {}
    resource = arn_of(config, reference)
    try:
        answer = await client.call_once(
            "GetQueueUrl", "get_queue_url", resource, QueueName=reference.name, **owner
        )
    except AccessError as error:
        if code_of(error) not in DENIED:
            raise
        if reference.account is None:
            raise AccessError(
                error.fact, remedy=f"{error.remedy}, or name the queue by its URL", code=error.code
            ) from error
        log.warning("the URL of the queue is guessed", queue=resource, error=error)
        endpoint = await endpoint_of("sqs", config.region, config.service_endpoint("sqs"))
        return f"{endpoint.rstrip('/')}/{reference.account}/{reference.name}"
    return str(answer["QueueUrl"])


async def _described(client: AwsClient, config: SqsConfig, reference: QueueReference, url: str) -> Queue:
    arn = arn_of(config, reference)
    try:
        answer = await client.call_once(
            "GetQueueAttributes", "get_queue_attributes", arn, QueueUrl=url, AttributeNames=["All"]
        )
    except AccessError as error:
        if code_of(error) not in DENIED:
            raise
        log.warning(
            "the limits of the queue are not known, the service's own are taken", queue=arn, error=str(error)
        )
        return Queue(url, arn, reference.name.endswith(FIFO_SUFFIX), is_known=False)
    return _queue(url, arn, reference, answer.get("Attributes", {}))


def _queue(url: str, arn: str, reference: QueueReference, attributes: dict[str, Any]) -> Queue:
    return Queue(
        url,
        attributes.get("QueueArn", arn),
        reference.name.endswith(FIFO_SUFFIX),
        min(MOST_BYTES, int(attributes.get("MaximumMessageSize", MOST_BYTES))),
        attributes.get("ContentBasedDeduplication", "false").lower() == "true",
        attributes.get("KmsMasterKeyId") or None,
    )
