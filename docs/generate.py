"""Writes what these pages and the dashboards have from declarations in the code.

``python -m docs.generate`` replaces what stands between ``<!-- generated: NAME -->`` and
``<!-- end of NAME -->``; with ``--check`` it only tells whether that would change anything.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from enum import Enum
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client.metrics import MetricWrapperBase
from typer.main import get_command

from connector import metrics, plugins
from connector.aws.connection import AwsConfig
from connector.aws.glue import GlueJsonConfig
from connector.aws.glue_registry import GlueConfig
from connector.aws.options import SERVICES
from connector.aws.policy import permission_policy, trust_policy
from connector.aws.rendering import Grant, as_json
from connector.cli import app
from connector.cluster.settings import DistributedSettings
from connector.commands.exit_code import ExitCode, declared_exits
from connector.config.connector import ConnectorConfig
from connector.config.dialect import ForeignOption
from connector.converters.avro import AvroConverterConfig
from connector.converters.json import JsonConverterConfig
from connector.converters.protobuf import ProtobufConverterConfig
from connector.converters.registered_json import JsonSchemaConverterConfig
from connector.environment import variable_name
from connector.migration.aiven import old_names
from connector.migration.camel_keys import COMMON as CAMEL_COMMON
from connector.migration.camel_keys import KEYS as CAMEL_KEYS
from connector.plugins import PluginKind
from connector.runbook import CHAPTERS
from connector.schema_registry.config import SchemaRegistryConfig
from connector.settings import WorkerSettings
from connector.sinks.eventbridge import EventBridgeConfig
from connector.sinks.kinesis import KinesisConfig
from connector.sinks.s3 import S3Config, S3Sink
from connector.sinks.s3.confluent import ConfluentOptions
from connector.sinks.s3.idle import IdleConfig
from connector.sinks.sns import SnsConfig
from connector.sinks.sqs import SqsConfig
from docs import values_schema
from docs.dashboards import DASHBOARDS
from docs.dashboards.panel import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from connector.config.option import Option
    from connector.config.schema import Config

FOLDER = Path(__file__).parent
CHART = FOLDER.parent / "charts" / "kafka-aws-connector"
README = FOLDER.parent / "README.md"
WORKER_ARN = "arn:aws:iam::210987654321:role/kafka-worker"


def worker_properties() -> Iterator[str]:
    """Every property that the worker acts on itself, and the variable that sets it."""
    yield from _properties(WorkerSettings, set())


def _properties(settings: type[WorkerSettings], without: set[str]) -> Iterator[str]:
    yield from _row("Property, and variable", "Default", "Effect")
    yield "| --- | --- | --- |"
    for attribute, field in settings.model_fields.items():
        if attribute in without:
            continue
        name = str(field.alias)
        default = "**required**" if field.is_required() else _default(field.default)
        yield from _row(f"`{name}`<br>`{variable_name(name)}`", default, _text(str(field.description)))


def cluster_properties() -> Iterator[str]:
    """What a distributed worker has beside them."""
    yield from _properties(DistributedSettings, set(WorkerSettings.model_fields))


def connector_options() -> Iterator[str]:
    """What every sink connector has."""
    yield from _options(ConnectorConfig.options().values())


def sink_options(config: type[Config]) -> Iterator[str]:
    """What a sink adds."""
    yield from _options(config.options().values())


def transform_options() -> Iterator[str]:
    """Of every transform, key and value alike; those without options are left out."""
    seen: dict[str, type[Config]] = {}
    for name in sorted(plugins.names(PluginKind.TRANSFORM)):
        config = plugins.find(PluginKind.TRANSFORM, name, "type").config_class
        if config.options():
            seen.setdefault(config.__name__.removesuffix("Config"), config)
    yield from ("", *_row("Transform", "Option", "Type", "Default", "Effect"))
    yield "| --- | --- | --- | --- | --- |"
    for name, config in seen.items():
        for option in config.options().values():
            (row,) = _option(option)
            yield f"| {name} {row}"
    yield ""


def converter_options(config: type[Config]) -> Iterator[str]:
    """What a converter has beside the options of every Schema Registry."""
    known = {} if config is SchemaRegistryConfig else SchemaRegistryConfig.options()
    own = [option for name, option in config.options().items() if name not in known]
    yield from _row("Option", "Type", "Default", "Effect")
    yield "| --- | --- | --- | --- |"
    for option in own:
        yield from _option(option)


def glue_options() -> Iterator[str]:
    """What Glue's converters have beside an AWS connection and the options of Avro."""
    yield from _row("Option", "Type", "Default", "Effect")
    yield "| --- | --- | --- | --- |"
    for option in GlueConfig.options().values():
        if option.group == "Glue":
            yield from _option(option)


def glue_json_schema_options() -> Iterator[str]:
    """What Glue's converter of JSON Schema has beside those."""
    yield from _row("Option", "Type", "Default", "Effect")
    yield "| --- | --- | --- | --- |"
    known = GlueConfig.options()
    yield from chain.from_iterable(
        _option(option) for name, option in GlueJsonConfig.options().items() if name not in known
    )


def endpoint_options() -> Iterator[str]:
    """Where services are, for those that sinks deliver to; the pages of sinks have only their own."""
    yield from _row("Option", "Effect")
    yield "| --- | --- |"
    known = AwsConfig.options()
    for name in (
        "aws.endpoint",
        "aws.sts.config.endpoint",
        *(f"aws.{each}.endpoint" for each in sorted(SERVICES)),
    ):
        yield from _row(f"`{name}`", _text(known[name].description))


def metric_families() -> Iterator[str]:
    """Every metric of ours, in the order of declaration."""
    yield from _row("Metric", "Type", "Labels", "Meaning")
    yield "| --- | --- | --- | --- |"
    for metric in vars(metrics).values():
        if isinstance(metric, metrics.Sampled):
            labels = ", ".join(f"`{label}`" for label in metric.labels)
            yield from _row(f"`{metric.name}`", "gauge", labels, _text(metric.text))
        elif isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001 - no other way
            yield from _row(f"`{name}`", family.type, labels, _text(family.documentation))


def policies() -> Iterator[str]:
    """What `connector aws policy` prints for the connector of the README."""
    (text,) = re.findall(r"^```json\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    raw = json.loads(text)
    config = S3Config.parse(raw)
    trust = trust_policy(WORKER_ARN, config.sts_role_external_id)
    permissions = permission_policy(S3Sink.permissions(config, ConnectorConfig(raw).topics))
    yield "```json"
    yield as_json(
        Grant(raw["name"], config.sts_role_arn, config.sts_role_session_duration, trust, permissions)
    )
    yield "```"


def confluent_keys() -> Iterator[str]:
    """Of Confluent's S3 sink."""
    yield from _foreign("Confluent", ConfluentOptions.options().values(), has_defaults=True)


def aiven_keys() -> Iterator[str]:
    """What of Aiven's sink has another name here, or no effect."""
    yield from _row("Aiven", "Here")
    yield "| --- | --- |"
    for alias, option in old_names():
        if "_" in alias:
            yield from _row(f"`{alias}`", f"`{option.name}`")
    for option in IdleConfig.options().values():
        why = option.description.removeprefix("Accepted, without effect").lstrip(":, ")
        yield from _row(f"`{option.name}`", f"nothing: {_text(why)}")


def camel_keys() -> Iterator[str]:
    """Of Camel's sinks, one after the other."""
    for service, keys in CAMEL_KEYS.items():
        yield from ("", f"### To `{service}`", "")
        yield from _foreign("Camel", keys)
    yield from ("", "### Of all of them", "")
    yield from _foreign("Camel", CAMEL_COMMON)


def _foreign(whose: str, options: Iterable[Option[Any]], *, has_defaults: bool = False) -> Iterator[str]:
    yield from _row(whose, *(["Default"] if has_defaults else []), "Here", "Effect")
    yield f"| {'--- | ' * (4 if has_defaults else 3)}".rstrip()
    for option in options:
        becomes = option.becomes if isinstance(option, ForeignOption) else ()
        default = [_default(option.default).replace("\n", "\\n")] if has_defaults else []
        here = "<br>".join(f"`{key}`" for key in becomes)
        yield from _row(f"`{option.name}`", *default, here, _text(option.description))


def exit_codes() -> Iterator[str]:
    """What codes mean for every command, unless its own row says more."""
    yield from _row("Code", "Meaning")
    yield "| --- | --- |"
    for code in ExitCode:
        yield from _row(f"`{code.value}`", code.meaning)


def command_exits() -> Iterator[str]:
    """What the codes of a command's own mean."""
    codes = (ExitCode.OK, ExitCode.FAILED, ExitCode.REFUSED)
    yield from _row("Command", *(f"`{code.value}`" for code in codes))
    yield f"| --- |{' --- |' * len(codes)}"
    for words, command in cli_commands(get_command(app)):
        declared = declared_exits(command.callback) if command.callback else {}
        told = [declared.get(code, "done" if code is ExitCode.OK else "") for code in codes]
        yield from _row(f"`connector {words}`", *told)


def command_options() -> Iterator[str]:
    """Every command with its arguments and options."""
    yield ""
    for words, command in cli_commands(get_command(app)):
        text, *_ = inspect.cleandoc(command.help or "").split("\nExits with ")
        yield from (f"### connector {words}", "", _text(text.strip()), "")
        if command.params:
            yield from _row("Argument or option", "Effect")
            yield "| --- | --- |"
            for parameter in command.params:
                yield from _parameter(parameter)
            yield ""


def cli_commands(group: Any, words: str = "") -> Iterator[tuple[str, Any]]:
    """Those that do something, with the words that call them."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from cli_commands(command, f"{words}{name} ")
        else:
            yield f"{words}{name}", command


def _parameter(parameter: Any) -> Iterator[str]:
    if parameter.param_type_name == "argument":
        shown = f"`{parameter.name.upper()}`"
    else:
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        shown = names if parameter.is_flag else f"{names} {_value_of(parameter)}"
    effect = _text(parameter.help or "")
    variable = getattr(parameter, "envvar", None)
    if variable:
        effect += f" Or the variable `{variable}`."
    if parameter.default not in (None, False, True, "", ()) and not callable(parameter.default):
        effect += f" `{getattr(parameter.default, 'value', parameter.default)}` if not given."
    yield from _row(shown, effect.strip())


def _value_of(parameter: Any) -> str:
    written = parameter.type_descriptor.annotation
    if isinstance(written, type) and issubclass(written, Enum):
        return " or ".join(f"`{choice.value}`" for choice in written)
    return str(parameter.name).upper().strip("_") + ("…" if parameter.multiple else "")


def runbook() -> Iterator[str]:
    """Every code of an error, with an anchor of its name."""
    for chapter, entries in CHAPTERS.items():
        yield from ("", f"## {chapter}", "")
        for entry in entries:
            yield from (f"### {entry.code}", "", f"{entry.title[0].upper()}{entry.title[1:]}.", "")
            yield from ("```text", entry.seen, "```", "")
            yield f"- **Meaning**: {_text(entry.meaning)}"
            yield f"- **Lost or doubled**: {_text(entry.loss)}"
            yield f"- **To do**: {_text(entry.remedy)}"
            if entry.page:
                name = entry.page.partition("#")[0]
                yield f"- **More**: [{_title(name)}]({entry.page})"
            yield ""


def _title(page: str) -> str:
    return (FOLDER / page).read_text().partition("\n")[0].removeprefix("# ")


SECTIONS: dict[str, Callable[[], Iterable[str]]] = {
    "worker properties": worker_properties,
    "cluster properties": cluster_properties,
    "connector options": connector_options,
    "s3 options": partial(sink_options, S3Config),
    "sqs options": partial(sink_options, SqsConfig),
    "sns options": partial(sink_options, SnsConfig),
    "eventbridge options": partial(sink_options, EventBridgeConfig),
    "kinesis options": partial(sink_options, KinesisConfig),
    "transform options": transform_options,
    "json converter options": partial(converter_options, JsonConverterConfig),
    "avro converter options": partial(converter_options, AvroConverterConfig),
    "protobuf converter options": partial(converter_options, ProtobufConverterConfig),
    "json schema converter options": partial(converter_options, JsonSchemaConverterConfig),
    "schema registry options": partial(converter_options, SchemaRegistryConfig),
    "glue options": glue_options,
    "glue json schema options": glue_json_schema_options,
    "endpoint options": endpoint_options,
    "confluent keys": confluent_keys,
    "aiven keys": aiven_keys,
    "camel keys": camel_keys,
    "metrics": metric_families,
    "policies": policies,
    "runbook": runbook,
    "exit codes": exit_codes,
    "exit codes of commands": command_exits,
    "commands": command_options,
}


def _options(options: Iterable[Option[Any]]) -> Iterator[str]:
    # Sorting is stable: within a group the order of declaration stays.
    by_group = sorted(options, key=lambda option: option.group)
    for group, members in groupby(by_group, key=lambda option: option.group):
        yield from ("", f"### {group}", "")
        yield from _row("Option", "Type", "Default", "Effect")
        yield "| --- | --- | --- | --- |"
        for option in members:
            yield from _option(option)


def _option(option: Option[Any]) -> Iterator[str]:
    effect = _text(option.description)
    if option.choices:
        effect += f" One of {', '.join(f'`{choice}`' for choice in option.choices)}."
    default = "**required**" if option.required else _default(option.default)
    yield from _row(f"`{option.name}`", option.kind.name.lower(), default, effect)


def _default(value: Any) -> str:
    match value:
        case None | "" | [] | ():
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case list() | tuple():
            return f"`{','.join(map(str, value))}`"
    return f"`{value}`"


def _row(*cells: str) -> Iterator[str]:
    yield f"| {' | '.join(cells)} |"


def _text(description: str) -> str:
    return description.replace("|", r"\|").replace("<", "&lt;")


def filled(page: str) -> str:
    """The page with every generated part as the code has it now."""

    def fill(found: re.Match[str]) -> str:
        return "\n".join([found["start"], *SECTIONS[found["name"]](), found["end"]])

    pattern = r"(?P<start><!-- generated: (?P<name>[^>]+) -->)\n.*?(?P<end><!-- end of (?P=name) -->)"
    return re.sub(pattern, fill, page, flags=re.DOTALL)


def fresh_files() -> Iterator[tuple[Path, str]]:
    """Every file of which something is generated, as it should be."""
    for path in sorted(FOLDER.glob("*.md")):
        yield path, filled(path.read_text())
    for name, made in DASHBOARDS.items():
        yield CHART / "dashboards" / name, rendered(made())
    yield values_schema.TARGET, values_schema.values_schema()


def main(arguments: list[str]) -> int:
    stale = 0
    for path, fresh in fresh_files():
        if not path.exists() or path.read_text() != fresh:
            stale += 1
            print(f"{path.name} {'is stale: run make docs' if '--check' in arguments else 'written'}")  # noqa: T201
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(fresh)
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
