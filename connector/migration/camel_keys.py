"""The keys of Camel's sinks for AWS, without what stands before them, and what each becomes here."""

from __future__ import annotations

from connector.config.dialect import ForeignOption, foreign
from connector.config.option import STRING


def _key(name: str, description: str, *becomes: str) -> ForeignOption[str]:
    found: ForeignOption[str] = foreign(name, STRING, None, description, *becomes)
    return found


def _of_all(service: str) -> list[ForeignOption[str]]:
    return [
        _key("accessKey", "A long-term access key; better a role, aws.sts.role.arn.", "aws.access.key.id"),
        _key("secretKey", "Its secret.", "aws.secret.access.key"),
        _key("sessionToken", "The token of a temporary key.", "aws.session.token"),
        _key("profileCredentialsName", "A profile of the AWS configuration files.", "aws.profile"),
        _key("region", "The region.", f"aws.{service}.region" if service != "sqs" else "aws.region"),
        _key(
            "uriEndpointOverride",
            "The endpoint, where overrideEndpoint is true.",
            f"aws.{service}.endpoint",
        ),
        _key("overrideEndpoint", "No effect: an endpoint is used if it is given."),
        _key("useDefaultCredentialsProvider", "No effect: the default chain is the default."),
        _key("useProfileCredentialsProvider", "No effect: a profile is used if it is given."),
        _key("useSessionCredentials", "No effect: a token is used if it is given."),
    ]


KEYS: dict[str, list[ForeignOption[str]]] = {
    "s3": [
        _key("bucketNameOrArn", "The bucket, by its name.", "aws.s3.bucket.name"),
        _key("autoCreateBucket", "Buckets are not created: make it beforehand."),
        _key(
            "keyName",
            "The name of objects. Camel numbers them by what it finds in the bucket; here topic, partition"
            " and offset tell them apart.",
            "file.name.template",
        ),
        _key(
            "forcePathStyle",
            "Whether the bucket is part of the path.",
            "aws.s3.path.style.access.enabled",
        ),
        _key("batchMessageNumber", "The most records of an object.", "file.max.records"),
        _key("batchSize", "The bytes of an object, give or take a sixteenth.", "file.max.uncompressed.bytes"),
        _key(
            "streamingUploadTimeout",
            "How long an object stays open, in milliseconds.",
            "file.max.age.ms",
        ),
        _key("namingStrategy", "No effect: names come from offsets."),
        _key("restartingPolicy", "No effect: a restart goes on with what is open."),
        *_of_all("s3"),
    ],
    "sqs": [
        _key("queueNameOrArn", "The queue.", "aws.sqs.queue"),
        _key("autoCreateQueue", "Queues are not created: make it beforehand."),
        _key(
            "contentBasedDeduplication",
            "Whether the content of a message tells duplicates of a FIFO queue apart.",
            "aws.sqs.message.deduplication.id",
        ),
        _key("delaySeconds", "How long messages stay hidden.", "aws.sqs.delay.seconds"),
        _key("amazonAWSHost", "The host of the endpoint.", "aws.sqs.endpoint"),
        _key("protocol", "The scheme of the endpoint, with amazonAWSHost.", "aws.sqs.endpoint"),
        _key(
            "batchSeparator",
            "Cuts one record into several messages, which cannot be had: ten records share a request by"
            " themselves.",
        ),
        *_of_all("sqs"),
    ],
    "sns": [
        _key("topicNameOrArn", "The topic, by its ARN.", "aws.sns.topic.arn"),
        _key("autoCreateTopic", "Topics are not created: make it beforehand."),
        _key("subject", "The subject of messages.", "aws.sns.subject"),
        _key(
            "contentBasedDeduplication",
            "Whether the content of a message tells duplicates of a FIFO topic apart.",
            "aws.sns.message.deduplication.id",
        ),
        *[key for key in _of_all("sns") if key.name != "region"],
        _key("region", "No effect: the region is in the topic's ARN."),
    ],
    "kinesis": [
        _key("stream", "The stream; streamName in old configs.", "aws.kinesis.stream"),
        *_of_all("kinesis"),
    ],
    "eventbridge": [
        _key("eventbusNameOrArn", "The bus.", "aws.eventbridge.bus"),
        _key("resourcesArn", "The resources of events.", "aws.eventbridge.resources"),
        _key("eventSource", "The source of events.", "aws.eventbridge.source"),
        _key("eventSourcePrefix", "Stands before the source.", "aws.eventbridge.source"),
        _key("detailType", "The type of the detail.", "aws.eventbridge.detail.type"),
        *_of_all("eventbridge"),
    ],
}
"""By the short name of our sink."""

COMMON = [
    _key("camel.aggregation.*", "No effect: requests are filled by themselves; see delivery.linger.ms."),
    _key("camel.beans.*", "Beans of Java cannot be run: a transform does what can be done."),
    _key(
        "camel.error.handler*",
        "No effect: what may pass is repeated until it does; errors.tolerance and the dead letter queue are"
        " for what cannot.",
    ),
    _key("camel.idempotency.*", "No effect: what was delivered is not read again."),
    _key("camel.map.*", "No effect: message.attributes.headers says which headers are attributes."),
    _key("camel.remove.*", "No effect: headers are attributes only where they are named."),
    _key("camel.sink.contentLogLevel", "No effect: contents are never logged."),
    _key(
        "camel.sink.marshal",
        "Data formats of Camel cannot be run: a converter or a transform does what can be done.",
    ),
    _key("camel.sink.unmarshal", "As camel.sink.marshal."),
    _key("camel.sink.url", "The sink as a URI: its path and its parameters are taken as the keys above."),
]
"""Of all of them; a star stands for whatever follows."""
