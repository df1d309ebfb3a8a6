"""Looks at the running worker and at the bucket, again and again, and keeps the view up to date."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from connector.demo import text
from connector.demo.figures import Speedometer
from connector.demo.view import Credentials

if TYPE_CHECKING:
    from connector.demo.bucket import Bucket
    from connector.demo.view import Step, View
    from connector.demo.worker import WorkerProcess

_LOOK_SECONDS = 0.25
_OBJECTS_PER_LOOK_SECOND = 2_000
"""Listing takes longer with every object, so a full bucket is listed less often."""


async def watch_worker(worker: WorkerProcess, view: View) -> None:
    """Follow the worker through REST, from its start until cancelled.

    Raises:
        DemoError: A task failed.
    """
    step = view.step("The worker answers")
    await worker.answering()
    step.finish(worker.url)
    obtained = view.step("Credentials are obtained")
    step = view.step("The connector runs")
    await worker.running()
    step.finish(f"{worker.connector}: RUNNING")
    assigned = view.step("Its consumer group has formed")
    config = await worker.config()
    speedometer = Speedometer()
    while True:
        await worker.check()
        view.figures = await worker.figures()
        view.rates = speedometer.look(time.monotonic(), view.figures)
        if view.figures.assignments:
            _finish_once(assigned, f"connect-{worker.connector}")
            view.is_reading.set()
        if expires := view.figures.credentials_expire:
            role, session = config["aws.sts.role.arn"], config["aws.sts.role.session.name"]
            view.credentials = Credentials(role, session, expires)
            _finish_once(obtained, f"{role} as {session} until {text.clock(expires)}")
        await asyncio.sleep(_LOOK_SECONDS)


async def watch_bucket(bucket: Bucket, view: View) -> None:
    """Read every object that appears, until cancelled."""
    first = view.step("Objects land in the bucket")
    while True:
        await look_into(bucket, view)
        if bucket.sample:
            _finish_once(first, f"the first is {bucket.sample[0]}")
        await asyncio.sleep(max(_LOOK_SECONDS, bucket.objects / _OBJECTS_PER_LOOK_SECOND))


async def look_into(bucket: Bucket, view: View) -> None:
    """Read what is new, once."""
    async for stored in bucket.read_new():
        view.latest.append(stored)
        view.found, view.objects, view.object_bytes = bucket.tally.found, bucket.objects, bucket.size_bytes


def _finish_once(step: Step, detail: str) -> None:
    if not step.done:
        step.finish(detail)
