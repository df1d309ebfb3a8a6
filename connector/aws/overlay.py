"""The options that a connector has in the end: those of its named connection, overlaid by its own; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.aws.connection import PROVIDER_OPTIONS, AwsConfig
from connector.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from connector.aws.named import NamedConnection

_EXTERNAL_ID = AwsConfig.sts_role_external_id.name
_INDIVISIBLE: tuple[tuple[str, ...], ...] = (
    (
        AwsConfig.access_key_id.name,
        AwsConfig.secret_access_key.name,
        AwsConfig.session_token.name,
    ),
    (AwsConfig.web_identity_token_file.name, AwsConfig.web_identity_role_arn.name),
    (AwsConfig.proxy_url.name, AwsConfig.proxy_username.name, AwsConfig.proxy_password.name),
)
"""Options that come from one side together: a key fits its own secret only, and a password its proxy."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """The options of both sides, and whose each is.

    Attributes:
        options: What the sink is configured with; holds secrets, and the connection's references still.
        problems: What cannot be combined.
    """

    connection: str
    options: dict[str, str] = field(repr=False)
    inherited: frozenset[str]
    problems: tuple[Problem, ...] = ()

    def attributed(self, problems: Iterable[Problem]) -> Iterator[Problem]:
        """The same problems; those that involve the connection say whose each option is."""
        for problem in problems:
            named = [key for key in self.options if _names(problem, key)]
            theirs = [key for key in named if key in self.inherited]
            own = [key for key in named if key not in self.inherited]
            if not theirs:
                yield problem
                continue
            whose = f"{', '.join(theirs)} from connection {self.connection}"
            whose += f"; {', '.join(own)} from the connector" if own else ""
            yield Problem(problem.option, f"{problem.message} ({whose})", code=problem.code)


def overlay(connection: NamedConnection, raw: Mapping[str, str]) -> Overlay:
    """What a connector with the config ``raw`` makes of its connection."""
    inherited = dict(_not_overruled(connection.definition.options, raw))
    if AwsConfig.sts_role_arn.name in {*inherited, *raw} and _EXTERNAL_ID not in raw:
        inherited[_EXTERNAL_ID] = connection.external_id
    problems = tuple(_divided(connection, raw))
    return Overlay(connection.name, {**inherited, **raw}, frozenset(inherited), problems)


def _not_overruled(options: Mapping[str, str], raw: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """An option counts as the connector's own under its aliases, too."""
    known = AwsConfig.options()
    for key, value in options.items():
        names = (key, known[key].name, *known[key].aliases) if key in known else (key,)
        if not any(name in raw for name in names):
            yield key, value


def _divided(connection: NamedConnection, raw: Mapping[str, str]) -> Iterator[Problem]:
    options = connection.definition.options
    provider = sorted({key for key in (*options, *raw) if f"{key}.".startswith(PROVIDER_OPTIONS)})
    for group in (*_INDIVISIBLE, tuple(provider)):
        own = _among(group, raw)
        theirs = [key for key in _among(group, options) if key not in own]
        if own and theirs:
            yield Problem(
                own[0],
                f"is the connector's own, while {', '.join(theirs)} would come from connection"
                f" {connection.name}: give all of {', '.join(group)} on one side",
            )


def _among(group: Collection[str], options: Mapping[str, str]) -> list[str]:
    known = AwsConfig.options()
    return [
        key
        for key in group
        if any(name in options for name in (key, *(known[key].aliases if key in known else ())))
    ]


def _names(problem: Problem, key: str) -> bool:
    return bool(re.search(rf"(?<![\w.]){re.escape(key)}(?!\w|\.\w)", f"{problem.option} {problem.message}"))
