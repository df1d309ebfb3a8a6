"""What tests do behind the back of an S3 server, whichever it is."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from connector.testing.client import ClientFactory


class IncompleteUpload(NamedTuple):
    """A multipart upload that was neither completed nor aborted."""

    key: str
    upload_id: str


class S3Server(ClientFactory):
    """Base of servers that speak S3."""

    def create_bucket(self, name: str) -> None:
        self.client("s3").create_bucket(Bucket=name)

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """Every object below the prefix, by key, with its bytes as stored."""
        s3 = self.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        found = {}
        for key in [entry["Key"] for page in pages for entry in page.get("Contents", ())]:
            # A worker that runs may have deleted a state object since it was listed.
            with suppress(s3.exceptions.NoSuchKey):
                found[key] = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return found

    def incomplete_uploads(self, bucket: str) -> list[IncompleteUpload]:
        """Multipart uploads somebody pays for although no object came of them."""
        pages = self.client("s3").get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
        return [
            IncompleteUpload(upload["Key"], upload["UploadId"])
            for page in pages
            for upload in page.get("Uploads", ())
        ]
