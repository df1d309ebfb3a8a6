"""``${secretsmanager:name:key}``: a key of a secret in AWS Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.aws.blocking import is_absent
from connector.aws.secret_store import SecretStoreProvider

if TYPE_CHECKING:
    from collections.abc import Mapping


class SecretsManagerConfigProvider(SecretStoreProvider):
    """The path is a secret's name, or its ARN with ``%3A`` for colons; without a path the key is."""

    service = "secretsmanager"
    noun = "secret"

    async def ask(self, client: Any, names: frozenset[str]) -> Mapping[str, str]:
        found = {}
        for name in sorted(names):
            try:
                answer = await client.get_secret_value(SecretId=name)
            except Exception as error:
                if is_absent(error, "ResourceNotFoundException"):
                    continue
                raise
            if (text := answer.get("SecretString")) is not None:
                found[name] = text
        return found
