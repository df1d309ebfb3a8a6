"""botocore's settings for how requests travel; its own retries are off, ours would multiply with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiobotocore.config import AioConfig

if TYPE_CHECKING:
    from connector.aws.identity import Transport


def client_settings(transport: Transport, **options: Any) -> dict[str, Any]:
    """Keyword arguments for ``create_client``; ``options`` go into botocore's Config."""
    proxy = transport.proxy.get_secret_value() if transport.proxy else None
    config = AioConfig(
        connect_timeout=transport.connect_seconds,
        read_timeout=transport.read_seconds,
        retries={"total_max_attempts": 1},
        proxies={"http": proxy, "https": proxy} if proxy else None,
        **options,
    )
    return {"config": config, "verify": transport.ca_bundle}
