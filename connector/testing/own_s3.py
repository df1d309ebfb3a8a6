"""A store of the developer's own to test against: MinIO, Ceph or whatever the environment names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from connector.testing.client import REGION
from connector.testing.s3 import S3Server

if TYPE_CHECKING:
    from types import TracebackType

ENDPOINT = "TEST_S3_ENDPOINT"
_KEYS = ("TEST_S3_ACCESS_KEY_ID", "TEST_S3_SECRET_ACCESS_KEY")
_REGION = "TEST_S3_REGION"


class OwnS3Server(S3Server):
    """The store at ``TEST_S3_ENDPOINT``; what tests create in it is deleted in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.url = os.environ[ENDPOINT]
        self.access_key_id, self.secret_access_key = (os.environ[name] for name in _KEYS)
        self.region = os.environ.get(_REGION, REGION)
        self._created: list[str] = []

    @staticmethod
    def is_given() -> bool:
        return ENDPOINT in os.environ

    def create_bucket(self, name: str) -> None:
        super().create_bucket(name)
        self._created.append(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        s3 = self.client("s3")
        for bucket in self._created:
            for upload in self.incomplete_uploads(bucket):
                s3.abort_multipart_upload(Bucket=bucket, Key=upload.key, UploadId=upload.upload_id)
            for key in self.objects(bucket):
                s3.delete_object(Bucket=bucket, Key=key)
            s3.delete_bucket(Bucket=bucket)
