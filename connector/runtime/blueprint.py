"""A submitted connector config, checked as a whole and ready to become tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from connector import plugins
from connector.aws.overlay import overlay
from connector.config.client import translate
from connector.config.connector import ConnectorConfig, with_prefix
from connector.config.schema import Config, RawConfig, unknown_options
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind
from connector.runtime.pipeline import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Protocol

    from connector.aws.named import NamedConnection
    from connector.converters.base import Converter
    from connector.sinks.base import Sink

    class WorkerDefaults(Protocol):
        """What a connector takes from its worker when it says nothing itself."""

        def converter_class(self, role: Role) -> str: ...
        def converter_config(self, role: Role) -> Mapping[str, str]: ...
        def aws_connection(self, name: str) -> NamedConnection:
            """Raises ConfigError if there is none of this name, or the worker may not use it."""
            ...


T = TypeVar("T")
P = ParamSpec("P")

Role = Literal["key", "value", "header"]
ROLES: tuple[Role, ...] = ("key", "value", "header")

_OVERRIDE = "consumer.override."
_FRAMEWORK_PREFIXES = (
    "key.converter.",
    "value.converter.",
    "header.converter.",
    "transforms.",
    "predicates.",
    _OVERRIDE,
)
_FRAMEWORK_KEYS = frozenset({"tasks.max.enforce", "config.action.reload", "connector.plugin.version"})


@dataclass(frozen=True, slots=True)
class ConnectionUse:
    """The named connection that a connector was drawn with, and which version of it."""

    name: str
    version: int


@dataclass(frozen=True)
class Blueprint:
    """Everything that a task of this connector is made of; each call makes new objects."""

    raw: RawConfig
    config: ConnectorConfig
    sink_class_name: str
    make_sink: Callable[[], Sink]
    converters: Mapping[str, Callable[[], Converter]]
    make_steps: Callable[[], list[Step]]
    consumer_config: Mapping[str, str]
    """The connector's ``consumer.override.*`` in librdkafka's names; holds secrets."""
    unknown: Mapping[str, str | None]
    """Options that nothing reads, each with the one it was probably meant to be."""
    connection: ConnectionUse | None = None
    notes: Sequence[str] = ()
    """What the user may not expect, to be told once."""

    @property
    def name(self) -> str:
        return self.config.name


def draw(raw: RawConfig, worker: WorkerDefaults) -> Blueprint:
    """Check a submitted config.

    Raises:
        ConfigError: With every fault of every option: Connect's own, the sink's, converters', transforms'.
    """
    faults = _Faults()
    config = ConnectorConfig(raw)
    faults.add(config.problems())
    faults.add(_dead_letters(raw, config))
    connection = faults.collect(_connection, config, worker)
    sink = faults.collect(_sink, raw, config, connection)
    if sink is not None and (connection is not None or config.aws_connection is None):
        faults.add(sink.problems)
    converters = {role: faults.collect(_converter, raw, role, worker) for role in ROLES}
    make_steps = faults.collect(_steps, raw, config)
    consumer = translate(config.consumer_overrides())
    faults.add(Problem(_OVERRIDE + found.option, found.message) for found in consumer.problems)
    if faults.problems or sink is None or make_steps is None:
        raise ConfigError(faults.problems)
    return Blueprint(
        raw=raw,
        config=config,
        sink_class_name=f"{sink.sink_class.__module__}.{sink.sink_class.__qualname__}",
        make_sink=sink.make,
        converters={role: made for role, made in converters.items() if made},
        make_steps=make_steps,
        consumer_config=consumer.config,
        unknown={
            **_unknown(raw, sink.config),
            **{_OVERRIDE + name: meant and _OVERRIDE + meant for name, meant in consumer.unknown.items()},
        },
        connection=ConnectionUse(connection.name, connection.version) if connection else None,
        notes=tuple(sink.config.notes()),
    )


@dataclass(frozen=True)
class _SinkPlan:
    sink_class: type[Sink]
    config: Config
    problems: list[Problem]

    def make(self) -> Sink:
        return self.sink_class(self.config)


def _dead_letters(raw: RawConfig, config: ConnectorConfig) -> Iterator[Problem]:
    """Whoever names a dead letter queue and tolerates errors counts on finding the records there."""
    option = "errors.deadletterqueue.topic.name"
    if raw.get(option) and config.errors_tolerance == "all":
        yield Problem(
            option,
            "dead letter queues are not available yet, and with errors.tolerance=all bad records would be"
            " skipped: remove this option to accept that, or set errors.tolerance=none",
        )


class _Faults:
    """Gathers the faults of steps that each raise for themselves."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, problems: Iterable[Problem]) -> None:
        self.problems += [problem for problem in problems if problem not in self.problems]

    def collect(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return step(*args, **kwargs)
        except ConfigError as error:
            self.add(error.problems)
            return None

    def raise_any(self) -> None:
        if self.problems:
            raise ConfigError(self.problems)


def _connection(config: ConnectorConfig, worker: WorkerDefaults) -> NamedConnection | None:
    return worker.aws_connection(config.aws_connection) if config.aws_connection else None


def _sink(raw: RawConfig, config: ConnectorConfig, connection: NamedConnection | None) -> _SinkPlan | None:
    option = ConnectorConfig.connector_class
    if not config.is_set(option) or config.is_faulty(option):
        return None
    sink_class: type[Sink] = plugins.find(PluginKind.SINK, config.connector_class, option.name)
    if connection is None:
        own = sink_class.config_class(raw)
        return _SinkPlan(sink_class, own, own.problems())
    both = overlay(connection, raw)
    combined = sink_class.config_class(both.options)
    return _SinkPlan(sink_class, combined, [*both.problems, *both.attributed(combined.problems())])


def _unknown(raw: RawConfig, sink_config: Config) -> dict[str, str | None]:
    known = {**ConnectorConfig.options(), **type(sink_config).options()}
    return {
        key: meant
        for key, meant in unknown_options(raw, known).items()
        if key not in _FRAMEWORK_KEYS and not key.startswith(_FRAMEWORK_PREFIXES)
    }


def _converter(raw: RawConfig, role: Role, worker: WorkerDefaults) -> Callable[[], Converter]:
    option = f"{role}.converter"
    own = raw.get(option)
    # As in Connect: a connector that names its own converter inherits none of the worker's sub-options.
    name = own or worker.converter_class(role)
    options = with_prefix(raw, f"{option}.") if own else worker.converter_config(role)
    kind = PluginKind.HEADER_CONVERTER if role == "header" else PluginKind.CONVERTER
    converter_class = plugins.find(kind, name, option)
    config = _parse(converter_class.config_class, options, f"{option}.")
    return lambda: converter_class(config)


def _steps(raw: RawConfig, config: ConnectorConfig) -> Callable[[], list[Step]]:
    faults = _Faults()
    predicates = {
        alias: faults.collect(_plugin, raw, PluginKind.PREDICATE, "predicates", alias)
        for alias in config.predicates
    }
    planned = []
    for alias in config.transforms:
        faults.add(_predicate_faults(raw, alias, list(predicates)))
        transform = faults.collect(_plugin, raw, PluginKind.TRANSFORM, "transforms", alias)
        predicate = predicates.get(raw.get(f"transforms.{alias}.predicate", ""))
        negate = raw.get(f"transforms.{alias}.negate", "").lower() == "true"
        planned.append((transform, predicate, negate))
    faults.raise_any()
    return lambda: [
        Step(transform(), predicate() if predicate else None, negate=negate)
        for transform, predicate, negate in planned
        if transform
    ]


def _predicate_faults(raw: RawConfig, alias: str, declared: list[str]) -> Iterator[Problem]:
    option = f"transforms.{alias}.predicate"
    name = raw.get(option)
    if name is not None and name not in declared:
        text = f"names no predicate: declare {name} in predicates and give predicates.{name}.type"
        yield Problem(option, text)
    if name is None and f"transforms.{alias}.negate" in raw:
        yield Problem(
            f"transforms.{alias}.type",
            f"Config 'transforms.{alias}.negate' was provided but there is no config"
            f" '{option}' defining a predicate to be negated.",
        )


def _plugin(raw: RawConfig, kind: PluginKind, section: str, alias: str) -> Callable[[], Any]:
    option = f"{section}.{alias}.type"
    name = raw.get(option)
    if name is None:
        raise ConfigError.of(option, f'Missing required configuration "{option}" which has no default value.')
    plugin_class = plugins.find(kind, name, option)
    config = _parse(plugin_class.config_class, with_prefix(raw, f"{section}.{alias}."), f"{section}.{alias}.")
    return lambda: plugin_class(config)


def _parse(config_class: type[Config], options: Mapping[str, str], prefix: str) -> Config:
    """Parse sub-options, naming faults by the full key that the user wrote."""
    config = config_class(options)
    if problems := config.problems():
        raise ConfigError([Problem(prefix + found.option, found.message) for found in problems])
    return config
