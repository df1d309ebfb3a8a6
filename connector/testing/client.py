"""Blocking clients of an AWS of tests, made once for each service."""

from __future__ import annotations

from typing import Any

REGION = "us-east-1"


class ClientFactory:
    """Base of servers; one has ``url``, ``access_key_id`` and ``secret_access_key``."""

    url: str
    access_key_id: str
    secret_access_key: str
    region: str = REGION

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A blocking client with the server's keys; the one of botocore, as in boto3."""
        if service not in self._clients:
            self._clients[service] = self.new_client(service)
        return self._clients[service]

    def new_client(self, service: str, **config: Any) -> Any:
        """Another such client, as ``config`` wants it; whoever asks for it closes it."""
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        from connector.aws.session import sharing  # noqa: PLC0415

        return sharing(Session()).create_client(
            service,
            region_name=self.region,
            endpoint_url=self.url,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(**config),
        )
