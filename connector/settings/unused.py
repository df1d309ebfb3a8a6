"""Worker properties that nothing reads: nobody knows them, or they are Connect's and mean nothing here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.config.suggest import closest
from connector.config.worker import KNOWN_NAMES, meaningless
from connector.environment import variable_name
from connector.settings.clients import CONSUMER, PRODUCER, security, suggestions

if TYPE_CHECKING:
    from collections.abc import Collection

    from connector.settings.clients import Clients
    from connector.settings.source import Source

HTTPS = "listeners.https."
_PASSED_ON = ("key.converter.", "value.converter.", "header.converter.", CONSUMER, PRODUCER, f"{HTTPS}ssl.")


@dataclass(frozen=True, slots=True)
class Unused:
    """Each as it was written.

    Attributes:
        unknown: With what was probably meant, written alike.
        ignored: With the reason.
    """

    unknown: dict[str, str | None] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, source: Source, clients: Clients, names: Collection[str], passed_on: tuple[str, ...]
    ) -> Unused:
        """What is left over.

        Args:
            source: What is written.
            clients: Know which of theirs are of no use.
            names: Have a field.
            passed_on: Further prefixes whose properties are passed on as they are.
        """
        unused = cls()
        unused._add_clients(source, clients)
        unused._add_rest(source, names, passed_on)
        unused._add_other_images(source, names)
        return unused

    def _add_clients(self, source: Source, clients: Clients) -> None:
        for prefix, client in clients.by_prefix().items():
            for name, reason in client.ignored.items():
                self.ignored[source.spelled(prefix + name)] = reason
            for name, meant in client.unknown.items():
                self.unknown[source.spelled(prefix + name)] = meant and source.alike(
                    prefix + name, prefix + meant
                )

    def _add_rest(self, source: Source, names: Collection[str], passed_on: tuple[str, ...]) -> None:
        handled = {*names, *security(source.values), *source.provider_properties()}
        for name in source.values:
            if name in handled or name.startswith((*_PASSED_ON, *passed_on)):
                continue
            if reason := meaningless(name):
                self.ignored[source.spelled(name)] = reason
            else:
                meant = closest(name, [*names, *KNOWN_NAMES, *suggestions()])
                self.unknown[source.spelled(name)] = meant and source.alike(name, meant)

    def _add_other_images(self, source: Source, names: Collection[str]) -> None:
        for name, variable in source.others.items():
            if name in names and name not in source.values:
                self.unknown[variable] = variable_name(name)
