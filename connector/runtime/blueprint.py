"""A submitted connector config, checked as a whole and ready to become tasks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

from connector import plugins
from connector.aws.overlay import overlay
from connector.config.client import translate
from connector.config.connector import ConnectorConfig, with_prefix
from connector.config.override import override_problems
from connector.config.reference import references
from connector.config.schema import Config, RawConfig, unknown_options
from connector.config_providers.resolver import Resolution
from connector.errors import ConfigError, Problem
from connector.plugins import PluginKind
from connector.runtime.steps import Steps, unread_below, unread_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Protocol

    from connector.aws.named import NamedConnection
    from connector.config.bounds import Bounds
    from connector.config.client import ClientConfig
    from connector.config.override import OverridePolicy
    from connector.config.reference import Reference
    from connector.converters.base import Converter
    from connector.runtime.pipeline import Step
    from connector.sinks.base import Sink

    class WorkerDefaults(Protocol):
        """What a connector takes from its worker when it says nothing itself."""

        def converter_class(self, role: Role) -> str: ...
        def converter_config(self, role: Role) -> Mapping[str, str]: ...
        def aws_connection(self, name: str) -> NamedConnection:
            """Raises ConfigError if there is none of this name, or the worker may not use it."""
            ...

        @property
        def bounds(self) -> Bounds: ...
        @property
        def override_policy(self) -> OverridePolicy: ...
        def resolve(self, options: Mapping[str, str]) -> Resolution:
            """Values in the place of references; blocks."""
            ...


T = TypeVar("T")
P = ParamSpec("P")

Role = Literal["key", "value", "header"]
ROLES: tuple[Role, ...] = ("key", "value", "header")

_CONNECTION = ConnectorConfig.aws_connection.name
_OVERRIDE = "consumer.override."
_PRODUCER_OVERRIDE = "producer.override."
_ADMIN_OVERRIDE = "admin.override."
FRAMEWORK_PREFIXES = (
    "key.converter.",
    "value.converter.",
    "header.converter.",
    "transforms.",
    "predicates.",
    _OVERRIDE,
    _PRODUCER_OVERRIDE,
)
_WRITTEN_OUT = (
    ConnectorConfig.name.name,
    ConnectorConfig.connector_class.name,
    # Aliases are parts of names of options, which validation shows.
    ConnectorConfig.transforms.name,
    ConnectorConfig.predicates.name,
)
FRAMEWORK_KEYS = frozenset({"tasks.max.enforce", "connector.plugin.version"})


@dataclass(frozen=True)
class Blueprint:
    """Everything that a task of this connector is made of; each call makes new objects.

    Only ``raw`` is as submitted, with references in it, and is shown; all else has the values instead.
    """

    raw: RawConfig = field(repr=False)
    config: ConnectorConfig
    sink_class_name: str
    make_sink: Callable[[], Sink]
    converters: Mapping[str, Callable[[], Converter]]
    make_steps: Callable[[], list[Step]]
    consumer_config: Mapping[str, str] = field(repr=False)
    """The connector's ``consumer.override.*`` in librdkafka's names; holds secrets."""
    producer_config: Mapping[str, str] = field(repr=False)
    """Its ``producer.override.*``, for the dead letter queue; holds secrets."""
    unknown: Mapping[str, str | None]
    """Options that nothing reads, each with the one it was probably meant to be."""
    connections: Mapping[str, int] = field(default_factory=dict)
    """The named connections that it was drawn with, those of converters, too, and which version of each."""
    notes: Sequence[str] = ()
    """What the user may not expect, to be told once."""
    read: Mapping[Reference, str] = field(default_factory=dict, repr=False)
    """What the references stood for, the connection's included; holds secrets."""

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def topics(self) -> Sequence[str]:
        """By what names the sink will see the topics; none if only the records will tell."""
        return list(dict.fromkeys(_names_of_topics(self.config.topics, self.make_steps()) or ()))


def draw(raw: RawConfig, worker: WorkerDefaults) -> Blueprint:
    """Check a submitted config; blocks while config providers read what it refers to.

    Raises:
        ConfigError: With every fault of every option: Connect's own, the sink's, converters', transforms'.
            What references stand for is in no message.
    """
    faults = _Faults()
    faults.add(_unreferable(raw))
    resolution = Resolution(raw).and_(worker.resolve(_referring(raw)))
    resolved = resolution.values
    config = ConnectorConfig(resolved)
    faults.add(config.problems())
    connection = faults.collect(_connection, config, worker)
    sink = faults.collect(_sink, resolution, config, connection, worker)
    if sink is not None:
        resolution = sink.resolution
        if connection is not None or config.aws_connection is None:
            faults.add(sink.problems)
        faults.add(worker.bounds.problems(sink.config))
    drawn = {role: faults.collect(_converter, resolved, role, worker) for role in ROLES}
    converters = {role: plan for role, plan in drawn.items() if plan}
    steps = Steps(resolved)
    faults.add(steps.problems)
    consumer = translate(config.consumer_overrides(), worker.bounds)
    producer = translate(config.producer_overrides(), worker.bounds)
    overrides = ((_OVERRIDE, consumer), (_PRODUCER_OVERRIDE, producer))
    for prefix, client in overrides:
        faults.add(_problems_of_client(prefix, client, resolved, worker))
    faults.add(_against_policy(config, worker.override_policy))
    if problems := list(resolution.concealed(faults.problems, _names(sink))):
        raise ConfigError(problems)
    if sink is None:
        raise ConfigError(faults.problems)
    if names := _names_of_topics(config.topics, steps.make()):
        known = dict(zip(config.topics, names, strict=True))
        faults.add(sink.sink_class.check_topics(sink.config, known))
        faults.raise_any()
    return Blueprint(
        raw=raw,
        config=config,
        sink_class_name=f"{sink.sink_class.__module__}.{sink.sink_class.__qualname__}",
        make_sink=sink.make,
        converters={role: plan.make for role, plan in converters.items()},
        make_steps=steps.make,
        consumer_config=consumer.config,
        producer_config=producer.config,
        unknown={
            **unread(raw, type(sink.config)),
            **dict(unread_below(resolved)),
            **dict(_unread_of_converters(raw)),
            **dict(_unread_of_clients(overrides)),
        },
        connections=_versions(connection, *(plan.connection for plan in converters.values())),
        notes=tuple(sink.config.notes()),
        read={**resolution.read, **_read_by(converters.values())},
    )


def _names_of_topics(topics: Sequence[str], steps: Iterable[Step]) -> Sequence[str] | None:
    """By what name the records of each topic will go; None if only they will tell."""
    names: Sequence[str] | None = topics
    for step in steps:
        names = names and step.topics(names)
    return names


def connections_in(raw: Mapping[str, str]) -> frozenset[str]:
    """The named connections that a config refers to: its sink's, and those of converters of its own."""
    options = (_CONNECTION, *(f"{role}.converter.{_CONNECTION}" for role in ROLES))
    return frozenset(raw[option] for option in options if raw.get(option))


def _referring(raw: RawConfig) -> RawConfig:
    """The options that may refer to config providers."""
    return {key: value for key, value in raw.items() if key not in _WRITTEN_OUT}


def _unreferable(raw: RawConfig) -> Iterator[Problem]:
    """Statuses, logs, masking and names of options go by these, before anything is resolved."""
    for key in _WRITTEN_OUT:
        if references(raw.get(key, "")):
            yield Problem(key, "may not be a reference, since it is shown everywhere: write it out")


def _against_policy(config: ConnectorConfig, policy: OverridePolicy) -> Iterator[Problem]:
    """As in Connect, clients of a dead letter queue count where there is one."""
    prefixes = [_PRODUCER_OVERRIDE, _ADMIN_OVERRIDE] if config.dead_letter_topic else []
    for prefix in (_OVERRIDE, *prefixes):
        yield from policy.problems(prefix, with_prefix(config.raw, prefix))


def _names(sink: _SinkPlan | None) -> dict[str, str]:
    """The option that each alias stands for."""
    known = {**ConnectorConfig.options(), **(type(sink.config).options() if sink else {})}
    return {alias: option.name for option in known.values() for alias in option.aliases}


@dataclass(frozen=True)
class _SinkPlan:
    sink_class: type[Sink]
    config: Config
    problems: list[Problem]
    resolution: Resolution

    def make(self) -> Sink:
        return self.sink_class(self.config)


@dataclass(frozen=True)
class _ConverterPlan:
    converter_class: type[Converter]
    config: Config
    connection: NamedConnection | None = None
    read: Mapping[Reference, str] = field(default_factory=dict, repr=False)
    """What the references of the connection stood for."""

    def make(self) -> Converter:
        return self.converter_class(self.config)


def _versions(*used: NamedConnection | None) -> dict[str, int]:
    return {connection.name: connection.version for connection in used if connection}


def _read_by(converters: Iterable[_ConverterPlan]) -> dict[Reference, str]:
    return {reference: value for plan in converters for reference, value in plan.read.items()}


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


def _sink(
    own: Resolution, config: ConnectorConfig, connection: NamedConnection | None, worker: WorkerDefaults
) -> _SinkPlan | None:
    option = ConnectorConfig.connector_class
    if not config.is_set(option) or config.is_faulty(option):
        return None
    sink_class: type[Sink] = plugins.find(PluginKind.SINK, config.connector_class, option.name)
    if connection is None:
        alone = sink_class.config_class(own.values)
        return _SinkPlan(sink_class, alone, alone.problems(), own)
    both = overlay(connection, own.values)
    theirs = worker.resolve({key: both.options[key] for key in both.inherited})
    theirs = replace(theirs, problems=tuple(both.attributed(theirs.problems)))
    combined = sink_class.config_class({**both.options, **theirs.values})
    problems = [*both.problems, *both.attributed(combined.problems())]
    return _SinkPlan(sink_class, combined, problems, own.and_(theirs))


def unread(raw: RawConfig, sink_config: type[Config]) -> dict[str, str | None]:
    """Options that neither a connector nor this sink reads, each with the one it was probably meant to be."""
    known = {**ConnectorConfig.options(), **sink_config.options()}
    return {
        key: meant
        for key, meant in unknown_options(raw, known).items()
        if key not in FRAMEWORK_KEYS
        and not key.startswith(FRAMEWORK_PREFIXES)
        and not _is_tolerated(key, sink_config.tolerated)
    }


def _is_tolerated(key: str, tolerated: Collection[str]) -> bool:
    return any(key.startswith(each) if each.endswith(".") else key == each for each in tolerated)


def _converter(raw: RawConfig, role: Role, worker: WorkerDefaults) -> _ConverterPlan:
    option = f"{role}.converter"
    # As in Connect: a connector that names its own converter inherits none of the worker's sub-options.
    if own := raw.get(option):
        plan = _converter_plan(own, with_prefix(raw, f"{option}."), role, worker)
        if problems := list(worker.bounds.problems(plan.config)):  # an operator's may go anywhere
            raise ConfigError([Problem(f"{option}.{found.option}", found.message) for found in problems])
        return plan
    name = worker.converter_class(role)
    try:
        return _converter_plan(name, worker.converter_config(role), role, worker)
    except ConfigError as error:
        theirs = (
            f"{name} is the worker's {option}: mend it there, or give the connector a {option} of its own."
        )
        problems = [
            Problem(found.option, f"{found.message.rstrip('.')}. {theirs}", code=found.code)
            for found in error.problems
        ]
        raise ConfigError(problems) from error


def _converter_plan(
    name: str, options: Mapping[str, str], role: Role, worker: WorkerDefaults
) -> _ConverterPlan:
    option = f"{role}.converter"
    kind = PluginKind.HEADER_CONVERTER if role == "header" else PluginKind.CONVERTER
    converter_class: type[Converter] = plugins.find(kind, name.strip(), option)
    if converter_class.is_connected and _CONNECTION in options:
        return _connected(converter_class, options, f"{option}.", worker)
    return _ConverterPlan(converter_class, _parse(converter_class.config_class, options, f"{option}."))


def _problems_of_client(
    prefix: str, client: ClientConfig, resolved: RawConfig, worker: WorkerDefaults
) -> Iterator[Problem]:
    """Of the options below a prefix, by the names they were written with."""
    for found in client.problems:
        yield Problem(prefix + found.option, found.message, code=found.code)
    yield from override_problems(prefix, with_prefix(resolved, prefix), client.config, worker.bounds)


def _unread_of_clients(overrides: Iterable[tuple[str, ClientConfig]]) -> Iterator[tuple[str, str | None]]:
    for prefix, client in overrides:
        for name, meant in client.unknown.items():
            yield prefix + name, meant and prefix + meant


def _unread_of_converters(raw: RawConfig) -> Iterator[tuple[str, str | None]]:
    """Options of a converter that the connector does not name, and those that look misspelt.

    Others may be for producers, which have the same options and more.
    """
    for role in ROLES:
        option = f"{role}.converter"
        for key in (key for key in raw if key.startswith(f"{option}.")):
            name = raw.get(option)
            if not name:
                yield key, option
                continue
            kind = PluginKind.HEADER_CONVERTER if role == "header" else PluginKind.CONVERTER
            converter_class: type[Converter] = plugins.find(kind, name.strip(), option)
            for found, meant in unread_of(raw, f"{option}.", key, [converter_class.config_class]):
                if meant:
                    yield found, meant


def _connected(
    converter_class: type[Converter], options: Mapping[str, str], prefix: str, worker: WorkerDefaults
) -> _ConverterPlan:
    """Options over those of the named connection that they refer to."""
    connection = worker.aws_connection(options[_CONNECTION])
    own = {key: value for key, value in options.items() if key != _CONNECTION}
    both = overlay(connection, own)
    theirs = worker.resolve({key: both.options[key] for key in both.inherited})
    config = converter_class.config_class({**both.options, **theirs.values})
    problems = [*both.problems, *both.attributed([*theirs.problems, *config.problems()])]
    if problems:
        shown = theirs.concealed(problems)
        raise ConfigError([Problem(_below(prefix, found.option), found.message) for found in shown])
    return _ConverterPlan(converter_class, config, connection, theirs.read)


def _parse(config_class: type[Config], options: Mapping[str, str], prefix: str) -> Config:
    """Parse sub-options, naming faults by the full key that the user wrote."""
    config = config_class(options)
    if problems := config.problems():
        raise ConfigError(
            [Problem(_below(prefix, found.option), found.message, code=found.code) for found in problems]
        )
    return config


def _below(prefix: str, option: str) -> str:
    """The full name of a sub-option; of none, where the fault is what the prefix names."""
    return prefix + option if option else prefix.removesuffix(".")
