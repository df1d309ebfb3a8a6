"""``${ssm::/name}``: a parameter in AWS Systems Manager's Parameter Store, decrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.aws.secret_store import SecretStoreProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_NAMES = 10
"""Systems Manager API reference, GetParameters."""


class ParameterStoreConfigProvider(SecretStoreProvider):
    """The key is a parameter's name; with a path that is the name, and the key one of a JSON object."""

    service = "ssm"
    noun = "parameter"

    async def ask(self, client: Any, names: frozenset[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        every = sorted(names)
        for start in range(0, len(every), _MOST_NAMES):
            some = every[start : start + _MOST_NAMES]
            answer = await client.get_parameters(Names=some, WithDecryption=True)
            found |= {each["Name"]: each["Value"] for each in answer["Parameters"]}
        return found
