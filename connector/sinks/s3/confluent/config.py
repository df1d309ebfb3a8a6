"""The S3 sink under Confluent's name: its config is translated, and from there on it is the S3 sink."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connector.config.dialect import Fate, ForeignOption
from connector.sinks.s3.config import S3Config
from connector.sinks.s3.confluent.bucket import PROVIDER
from connector.sinks.s3.confluent.options import ConfluentOptions
from connector.sinks.s3.confluent.translation import LEFT_OVER, translate
from connector.sinks.s3.sink import S3Sink

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.config.option import Option
    from connector.errors import Problem


class ConfluentS3Config(S3Config):
    """Confluent's options, and beside them all of ours that these do not decide on."""

    tolerated = (*S3Config.tolerated, PROVIDER, *LEFT_OVER)

    def __init__(self, raw: Mapping[str, str | None]) -> None:
        self._translation = translate(raw)
        super().__init__(self._translation.config)

    @classmethod
    def options(cls) -> dict[str, Option[Any]]:
        return {**super().options(), **ConfluentOptions.options()}

    @classmethod
    def parsed_options(cls) -> dict[str, Option[Any]]:
        return S3Config.options()

    def problems(self) -> list[Problem]:
        """Of the options as they were submitted."""
        own = self._translation.problems
        sources = self._translation.sources()
        told = {found.option for found in own}
        known = ConfluentOptions.options()
        told |= {ours for name in told & known.keys() for ours in _becomes(known[name])}
        found = [self._attributed(problem, sources) for problem in super().problems()]
        return [*own, *(problem for problem in found if problem.option not in told)]

    def _attributed(self, problem: Problem, sources: Mapping[str, list[str]]) -> Problem:
        keys = sources.get(problem.option)
        if not keys or keys == [problem.option]:
            return problem
        if len(keys) == 1:
            return replace(problem, option=keys[0], message=problem.message.replace(problem.option, keys[0]))
        return replace(problem, option=keys[0], message=f"{problem.message} (made of {', '.join(keys)})")

    def notes(self) -> Iterator[str]:
        yield from super().notes()
        for line in self._translation.lines:
            if line.fate is Fate.ATTENTION:
                yield f"{line.key}: {line.why}"
        if not (self.max_span_ms > 0 or self.schedule_ms > 0 or self.max_idle_ms):
            yield (
                "objects that flush.size does not end stay open as long as nothing more comes, as with"
                " Confluent's connector: set rotate.schedule.interval.ms, or file.max.idle.ms"
            )


def _becomes(option: Option[Any]) -> Sequence[str]:
    return option.becomes if isinstance(option, ForeignOption) else ()


class ConfluentS3Sink(S3Sink):
    """Delivers records as Confluent's S3 sink would name, cut and write them."""

    config_class = ConfluentS3Config
