"""Which operation of which AWS protocol an HTTP request asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

Protocol = Literal["s3", "query", "json"]

# S3's operations by method and by the query parameter that tells them apart, the more telling first.
# Source: the "Request Syntax" of each operation in the S3 API reference.
_OBJECT_OPERATIONS = (
    ("POST", "uploads", "CreateMultipartUpload"),
    ("POST", "uploadId", "CompleteMultipartUpload"),
    ("PUT", "uploadId", "UploadPart"),
    ("DELETE", "uploadId", "AbortMultipartUpload"),
    ("GET", "uploadId", "ListParts"),
    ("PUT", "tagging", "PutObjectTagging"),
    ("GET", "tagging", "GetObjectTagging"),
    ("PUT", None, "PutObject"),
    ("GET", None, "GetObject"),
    ("HEAD", None, "HeadObject"),
    ("DELETE", None, "DeleteObject"),
)
_BUCKET_OPERATIONS = (
    ("GET", "uploads", "ListMultipartUploads"),
    ("GET", "list-type", "ListObjectsV2"),
    ("GET", "location", "GetBucketLocation"),
    ("GET", "lifecycle", "GetBucketLifecycleConfiguration"),
    ("PUT", "lifecycle", "PutBucketLifecycleConfiguration"),
    ("POST", "delete", "DeleteObjects"),
    ("GET", None, "ListObjects"),
    ("HEAD", None, "HeadBucket"),
    ("PUT", None, "CreateBucket"),
    ("DELETE", None, "DeleteBucket"),
)


@dataclass(frozen=True)
class ApiRequest:
    """A request as a script sees it.

    Attributes:
        method: The HTTP method.
        target: Path and query as they were sent, still percent-encoded.
        headers: By lower-case name.
        body: Of requests other than S3's, whose bodies stream past; empty for those.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> dict[str, str]:
        return _first_values(urlsplit(self.target).query)

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of a query-protocol request (STS, SNS, IAM)."""
        return self.query | _first_values(self.body.decode(errors="replace"))

    @property
    def protocol(self) -> Protocol:
        if "x-amz-target" in self.headers:
            return "json"
        content_type = self.headers.get("content-type", "")
        is_form = content_type.startswith("application/x-www-form-urlencoded")
        return "query" if is_form or "Action" in self.query else "s3"

    @cached_property
    def operation(self) -> str:
        """The operation's name in the service's API reference, `Unknown` when it is none we know."""
        if self.protocol == "json":
            return self.headers["x-amz-target"].rpartition(".")[2]
        if self.protocol == "query":
            return self.form.get("Action", "Unknown")
        return self._s3_operation()

    @property
    def bucket(self) -> str:
        """The bucket of an S3 request that names it in the path."""
        return unquote(self.path).lstrip("/").partition("/")[0]

    @property
    def key(self) -> str:
        """The object key of an S3 request that names the bucket in the path."""
        return unquote(self.path).lstrip("/").partition("/")[2]

    def _s3_operation(self) -> str:
        if not self.bucket:
            return "ListBuckets"
        operations = _OBJECT_OPERATIONS if self.key else _BUCKET_OPERATIONS
        for method, parameter, name in operations:
            if method == self.method and (parameter is None or parameter in self.query):
                return name
        return "Unknown"


def _first_values(encoded: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(encoded, keep_blank_values=True).items()}
