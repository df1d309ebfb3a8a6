"""What a round leaves in the bucket and in Kafka beside objects: uploads, commits, logs."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from connector.record import TopicPartition
from connector.sinks.s3.ledger.encoding import Reference, decode, decode_object
from tests.chaos.commits import history

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    from connector.sinks.s3.ledger.state import State
    from connector.testing.aws import AwsServer
    from connector.testing.proxy import FaultProxy
    from tests.chaos.commits import Commit
    from tests.chaos.life import Life

_AT_ONCE = 500


class Evidence:
    """Of one topic, and the bucket of the same name; since now."""

    def __init__(self, bootstrap_servers: str, aws: AwsServer, topic: str, lock: threading.Lock) -> None:
        """Args: ``lock`` is of the clients of the AWS."""
        self._servers = bootstrap_servers
        self._aws = aws
        self._topic = topic
        self._lock = lock
        self._since = time.time()

    def orphans(self) -> dict[str, str | None]:
        """The uploads that remain, by key and id: which commit named each last; None if none ever did."""
        with self._lock:
            found = self._aws.incomplete_uploads(self._topic)
        announced = self._announced() if found else {}
        return {f"{upload.key} {upload.upload_id}": announced.get(upload.upload_id) for upload in found}

    def keep(self, folder: Path, workers: Sequence[Life], proxies: Sequence[FaultProxy]) -> None:
        """Write down what helps to find out why a round failed."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for worker in workers:
            (folder / f"worker-{worker.number}.log").write_text(worker.log)
        for number, proxy in enumerate(proxies):
            requests = "\n".join(map(str, proxy.requests))
            (folder / f"requests-{number}.txt").write_text(requests)
        commits = [f"{commit.partition} {commit.offset} {self._state(commit)}" for commit in self._commits()]
        (folder / "commits.txt").write_text("\n".join(commits))

    def delete_all(self) -> None:
        """Every version of every object, and every upload."""
        s3 = self._aws.client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=self._topic):
            entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            for at in range(0, len(entries), _AT_ONCE):
                found = [
                    {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                    for entry in entries[at : at + _AT_ONCE]
                ]
                s3.delete_objects(Bucket=self._topic, Delete={"Objects": found})
        for upload in self._aws.incomplete_uploads(self._topic):
            s3.abort_multipart_upload(Bucket=self._topic, Key=upload.key, UploadId=upload.upload_id)

    def _commits(self) -> list[Commit]:
        """Those with metadata."""
        found = history(self._servers, f"connect-{self._topic}", self._since)
        return [commit for commit in found if commit.metadata]

    def _announced(self) -> dict[str, str]:
        return {
            upload.upload_id: (
                f"named by the commit of {commit.offset}, cut {state.cut}, sealed {upload.is_sealed},"
                f" first {upload.first}, {upload.parts.count} parts"
            )
            for commit in self._commits()
            if (state := self._state(commit))
            for upload in state.uploads
        }

    def _state(self, commit: Commit) -> State | None:
        """As a successor would have read it; None if its state object never was."""
        partition = TopicPartition(self._topic, commit.partition)
        found = decode(commit.metadata, partition)
        if not isinstance(found, Reference):
            return found
        content = self._first_version(found.found_in.key)
        return None if content is None else decode_object(content, found, partition)[0]

    def _first_version(self, key: str) -> bytes | None:
        """Also of an object that is deleted."""
        s3 = self._aws.client("s3")
        with self._lock:
            versions = s3.list_object_versions(Bucket=self._topic, Prefix=key).get("Versions", ())
            if not versions:
                return None
            version = versions[0]["VersionId"]
            body = s3.get_object(Bucket=self._topic, Key=key, VersionId=version)["Body"]
            return bytes(body.read())
