"""What has to be done so that the connectors of a cluster are those of some files; does none of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from connector.concealment import HIDDEN
from connector.config.files import INITIAL_STATES
from connector.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from connector.config.files import Submission
    from connector.config.schema import RawConfig

OWNER = "managed.by"

_SHOWN_STATES = {state: name for name, state in INITIAL_STATES.items()}


class Deed(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    LEAVE = "leave as it is"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to one connector.

    Attributes:
        config: Of one that stays; holds secrets.
        state: RUNNING, PAUSED or STOPPED where it is asked for, or where the connector is new.
        is_blind: A secret that is not shown may or may not have changed.
    """

    deed: Deed
    name: str
    config: RawConfig = field(default_factory=dict, repr=False)
    state: str | None = None
    is_blind: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """A connector of the cluster, as the REST API shows it.

    Attributes:
        state: Of the connector; "" if nothing is known.
    """

    config: Mapping[str, str] = field(repr=False)
    state: str = ""


def named(submissions: Mapping[Path, Submission], owner: str) -> dict[str, Submission]:
    """By name, with their owner in the config.

    Raises:
        ConfigError: A file has no name, or that of another.
    """
    found: dict[str, Submission] = {}
    problems: list[Problem] = []
    for path, submission in submissions.items():
        name = submission.config.get("name", "")
        if not name:
            problems.append(Problem(str(path), 'The connector has no name: add "name".'))
        elif name in found:
            problems.append(Problem(str(path), f"There is another connector {name}: give it another name."))
        config = {**submission.config, OWNER: owner} if owner else submission.config
        found[name] = type(submission)(config, submission.initial_state, submission.asks_for_state)
    if problems:
        raise ConfigError(problems)
    return found


def plan(
    wanted: Mapping[str, Submission], present: Mapping[str, Present], *, owner: str = "", prune: bool = False
) -> list[Step]:
    """All steps, deletions last.

    Args:
        wanted: By name.
        present: By name.
        owner: Only what it owns is pruned; "" for anything.
        prune: Whether what is not wanted is deleted.

    Raises:
        ConfigError: A connector belongs to another owner.
    """
    _refuse_others(wanted, present, owner)
    steps = [_step(name, submission, present.get(name)) for name, submission in wanted.items()]
    if prune:
        steps += [Step(Deed.DELETE, name) for name in _superfluous(wanted, present, owner)]
    return steps


def _step(name: str, submission: Submission, present: Present | None) -> Step:
    state = _SHOWN_STATES[submission.initial_state]
    if present is None:
        return Step(Deed.CREATE, name, submission.config, state)
    asked = state if submission.asks_for_state and state != present.state else None
    shown = {
        key: present.config[key] if present.config.get(key) == HIDDEN else value
        for key, value in submission.config.items()
    }
    is_blind = HIDDEN in present.config.values()
    is_same = shown == present.config and not is_blind
    return Step(Deed.LEAVE if is_same else Deed.UPDATE, name, submission.config, asked, is_blind)


def _superfluous(
    wanted: Mapping[str, Submission], present: Mapping[str, Present], owner: str
) -> Iterator[str]:
    for name, connector in present.items():
        if name not in wanted and (not owner or connector.config.get(OWNER) == owner):
            yield name


def _refuse_others(wanted: Mapping[str, Submission], present: Mapping[str, Present], owner: str) -> None:
    problems: Sequence[Problem] = [
        Problem(
            name,
            f"The connector belongs to {other}: apply it there, or hand it over by setting its {OWNER} to"
            f" {owner}.",
        )
        for name in wanted
        if name in present and owner and (other := present[name].config.get(OWNER, owner)) != owner
    ]
    if problems:
        raise ConfigError(problems)
