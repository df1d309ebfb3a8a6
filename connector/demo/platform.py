"""Starts what the worker stands on: Kafka and AWS side by side, then an account in which the role matters."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.demo.aws import EmbeddedAws
from connector.demo.bucket import Bucket
from connector.demo.errors import DemoError
from connector.demo.kafka import BROKERS, EmbeddedKafka

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AsyncExitStack
    from pathlib import Path

    from connector.demo.aws import Account
    from connector.demo.view import View


@dataclass(frozen=True)
class Platform:
    """What runs before the worker does."""

    kafka: EmbeddedKafka
    aws: EmbeddedAws
    account: Account
    bucket: Bucket


async def start_platform(
    resources: AsyncExitStack, folder: Path, config: Mapping[str, str], view: View
) -> Platform:
    """Start everything and have it end with ``resources``; names come from the connector's ``config``."""
    aws = EmbeddedAws(config["aws.s3.region"], folder / "aws.log")
    await resources.enter_async_context(aws)
    kafka, _ = await asyncio.gather(_start_kafka(config["topics"], view), _await_aws(aws, view))
    resources.callback(kafka.close)
    account = await _create_account(aws, config, view)
    s3 = await aws.client("s3", account.reader)
    return Platform(kafka, aws, account, Bucket(s3, config["aws.s3.bucket.name"]))


async def _start_kafka(topic: str, view: View) -> EmbeddedKafka:
    step = view.step("Kafka is up")
    kafka = await asyncio.to_thread(EmbeddedKafka, topic)
    step.finish(f"librdkafka's mock cluster: {BROKERS} brokers, topic {topic}, {kafka.partitions} partitions")
    return kafka


async def _await_aws(aws: EmbeddedAws, view: View) -> None:
    step = view.step("AWS is up")
    await aws.listening()
    step.finish(f"moto at {aws.url}: S3, STS, IAM")


async def _create_account(aws: EmbeddedAws, config: Mapping[str, str], view: View) -> Account:
    bucket, role_name = config["aws.s3.bucket.name"], config["aws.sts.role.arn"].rpartition("/")[2]
    step = view.step("Bucket and role are created")
    account = await aws.create_account(role_name, bucket)
    step.finish(f"{bucket}; {role_name} demands the external id {account.external_id}")
    step = view.step("The role refuses a wrong external id")
    if not await aws.refuses_wrong_external_id(account):
        raise DemoError("The embedded AWS accepted a wrong external id: it does not check policies")
    step.finish("AssumeRole: AccessDenied")
    return account
