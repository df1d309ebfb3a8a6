"""Configs of Camel's sinks for AWS: of kamelets, and of the component connectors before them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from connector.config.dialect import Fate, Line, Translation
from connector.errors import Problem
from connector.migration.camel_keys import COMMON, KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.config.dialect import ForeignOption

_CLASS = re.compile(
    r"Camel(?:aws2?)-?(?P<service>s3|sqs|sns|kinesis|eventbridge)(?!firehose)\w*SinkConnector", re.IGNORECASE
)
_PREFIX = re.compile(
    r"camel\.(?:kamelet\.[\w-]+|sink\.(?:path|endpoint)|component\.[\w-]+(?:\.configuration)?)\.(?P<key>[\w-]+)"
)
_PATHS = {
    "s3": "bucketNameOrArn",
    "sqs": "queueNameOrArn",
    "sns": "topicNameOrArn",
    "kinesis": "stream",
    "eventbridge": "eventbusNameOrArn",
}
"""What the path of a URI is."""
_SAME = {"streamName": "stream", "amazonAwsHost": "amazonAWSHost"}
_URL = "camel.sink.url"
_EXPRESSION = re.compile(r"\$\{[^}]*\}")
_DATE = re.compile(r"\$\{date:now:(?P<pattern>[^}]+)\}")
_UNIQUE = re.compile(r"[-_+]?\$\{exchangeId\}")  # offsets are unique, too
_ASIDE = "\0"
_RAW = re.compile(r"RAW\((?P<value>.*)\)")
_BUCKET_ARN = re.compile(r"arn:[\w-]+:s3:::")
_REFUSED = frozenset({"autoCreateBucket", "autoCreateQueue", "autoCreateTopic"})
_JSON = "JsonConverter"


def service_of(java: str) -> str | None:
    """The short name of the sink that a class of Camel's is here; None if it is none."""
    found = _CLASS.fullmatch(java.rpartition(".")[2])
    return found["service"].lower() if found else None


def from_camel(raw: Mapping[str, str], service: str) -> Translation:
    """The same as a sink of ours."""
    return _Camel(raw, service).all()


class _Camel:
    """One config on its way."""

    def __init__(self, raw: Mapping[str, str], service: str) -> None:
        self._raw = raw
        self._service = service
        self._known = {option.name: option for option in KEYS[service]}
        self._found = Translation()
        self._keys: dict[str, tuple[str, str]] = {}
        """Camel's values, and the submitted key of each."""

    def all(self) -> Translation:
        for key, value in self._raw.items():
            if not self._gather(key, value):
                self._found.config[key] = value
        for key, (source, value) in self._keys.items():
            self._one(key, source, value)
        special = {"s3": self._objects, "eventbridge": self._events}.get(self._service)
        if special:
            special()
        return self._found

    def _gather(self, key: str, value: str) -> bool:
        """Whether it is one of Camel's."""
        if not key.startswith("camel."):
            return False
        if found := _PREFIX.fullmatch(key):
            name = _camel_case(found["key"])
            self._keys[_SAME.get(name, name)] = key, value
        elif key == _URL:
            self._of_url(value)
        else:
            self._line(key, *_common(key))
        return True

    def _of_url(self, url: str) -> None:
        parts = urlsplit(url)
        path = (parts.netloc + parts.path).strip("/")
        self._keys[_PATHS[self._service]] = _URL, path
        for pair in filter(None, parts.query.split("&")):
            name, _, value = pair.partition("=")
            # What stands in RAW() is not encoded, and a plus is a plus.
            raw = _RAW.fullmatch(value)
            self._keys[_SAME.get(name, name)] = _URL, raw["value"] if raw else unquote(value)

    def _one(self, key: str, source: str, value: str) -> None:
        option = self._known.get(key)
        if option is None:
            self._line(source, Fate.ATTENTION, f"{key} is not known here: see connector describe")
        elif (key in _REFUSED and value.lower() == "true") or key == "batchSeparator":
            self._line(source, Fate.ATTENTION, _sentence(option))
        elif not option.becomes:
            self._line(source, Fate.DROPPED, _sentence(option).removeprefix("No effect: "))
        elif convert := self._converters().get(key):
            convert(option, source, value)
        else:
            self._rename(option, source, value)

    def _converters(self) -> dict[str, Callable[[ForeignOption[str], str, str], None]]:
        return {
            "bucketNameOrArn": self._bucket,
            "keyName": self._key_name,
            "uriEndpointOverride": self._endpoint,
            "contentBasedDeduplication": self._by_content,
            "amazonAWSHost": self._host,
            "protocol": self._host,
            "eventSource": self._source,
            "eventSourcePrefix": self._source,
        }

    def _rename(self, option: ForeignOption[str], source: str, value: str, why: str = "") -> None:
        (ours,) = option.becomes
        self._found.config[ours] = value
        self._line(source, Fate.RENAMED, why, ours)

    def _line(self, source: str, fate: Fate, why: str, *becomes: str) -> None:
        """Of a key that many lines are about, as a URI, they are one."""
        before = next((line for line in self._found.lines if line.key == source), None)
        if before is None:
            self._found.lines.append(Line(source, fate, becomes, why))
            return
        self._found.lines.remove(before)
        worse = Fate.ATTENTION if Fate.ATTENTION in {fate, before.fate} else Fate.RENAMED
        reasons = "; ".join(filter(None, [before.why, why]))
        self._found.lines.append(Line(source, worse, (*before.becomes, *becomes), reasons))

    def _value(self, key: str) -> str:
        return self._keys.get(key, ("", ""))[1]

    # ---- what is more than another name ----

    def _bucket(self, option: ForeignOption[str], source: str, value: str) -> None:
        self._rename(option, source, _BUCKET_ARN.sub("", value))

    def _key_name(self, option: ForeignOption[str], source: str, value: str) -> None:
        expressions: list[str] = []

        def put_aside(found: re.Match[str]) -> str:
            expressions.append(found[0])
            return _ASIDE

        # Slashes and dots in an expression part nothing.
        folder, slash, file = _EXPRESSION.sub(put_aside, _UNIQUE.sub("", value)).rpartition("/")
        stem, dot, suffix = file.partition(".")
        name = "-".join(filter(None, [stem, "{{topic}}", "{{partition}}", "{{start_offset}}"]))
        template = f"{folder}{slash}{name}{dot}{suffix}"
        for expression in expressions:
            template = template.replace(_ASIDE, self._translated(source, expression), 1)
        self._found.config["file.name.template"] = template
        why = "topic, partition and offset tell objects apart, where Camel counts, or replaces the only one"
        self._line(source, Fate.ATTENTION, why, *option.becomes)

    def _translated(self, source: str, expression: str) -> str:
        if found := _DATE.fullmatch(expression):
            return f"{{{{timestamp:format={found['pattern']}}}}}"
        message = (
            f"{expression} cannot be had, since Camel's expressions are not run: take it out, and write what"
            " it stands for into file.name.template, as {{key}} or {{header:NAME}}"
        )
        self._found.problems.append(Problem(source, message))
        return ""

    def _endpoint(self, option: ForeignOption[str], source: str, value: str) -> None:
        if self._value("overrideEndpoint").lower() == "true":
            self._rename(option, source, value)
        else:
            self._line(source, Fate.DROPPED, "overrideEndpoint is not true")

    def _by_content(self, option: ForeignOption[str], source: str, value: str) -> None:
        if value.lower() == "true":
            self._rename(option, source, "content")
        else:
            self._line(source, Fate.DROPPED, "duplicates are told apart by topic, partition and offset")

    def _host(self, option: ForeignOption[str], source: str, _value: str) -> None:
        host = self._value("amazonAWSHost")
        if not host or host == "amazonaws.com":
            self._line(source, Fate.DROPPED, "it is the endpoint of the region")
            return
        self._rename(option, source, f"{self._value('protocol') or 'https'}://{host}")

    def _source(self, option: ForeignOption[str], source: str, _value: str) -> None:
        parts = [self._value("eventSourcePrefix"), self._value("eventSource")]
        self._rename(option, source, "".join(parts))

    def _objects(self) -> None:
        """One object per record, or a stream of them: their bytes, one after the other."""
        config = self._found.config
        config.setdefault("file.name.template", "{{topic}}/{{partition}}-{{start_offset}}")
        config["file.compression.type"] = "none"
        if self._raw.get("value.converter", "").endswith(_JSON):
            config |= {"format.output.type": "jsonl", "format.output.envelope": "false"}
        else:
            config["format.output.type"] = "raw"
        streams = "streaming" in self._raw.get("connector.class", "").lower()
        if not streams and not any(key.startswith("file.max.") for key in config):
            config["file.max.records"] = "1"
        elif streams:
            # Camel's own, where nothing is given.
            config.setdefault("file.max.records", "10")
            config.setdefault("file.max.uncompressed.bytes", "1000000")
            config.setdefault("file.rotate.on.commit", "false")

    def _events(self) -> None:
        self._found.config.setdefault("aws.eventbridge.detail", "value")
        if not self._found.config.get("aws.eventbridge.bus"):
            message = "is needed: name the bus by camel.kamelet.aws-eventbridge-sink.eventbusNameOrArn"
            self._found.problems.append(Problem("eventbusNameOrArn", message))


def _common(key: str) -> tuple[Fate, str]:
    for option in COMMON:
        if key == option.name or (option.name.endswith("*") and key.startswith(option.name[:-1])):
            why = _sentence(option)
            if why.startswith("No effect: "):
                return Fate.DROPPED, why.removeprefix("No effect: ")
            return Fate.ATTENTION, why
    return Fate.ATTENTION, "it is not known here"


def _sentence(option: ForeignOption[str]) -> str:
    text = option.description.rstrip(".")
    return text if text.startswith("No effect") else text[0].lower() + text[1:]


def _camel_case(name: str) -> str:
    """Of ``access-key`` as Spring writes it."""
    first, *others = name.split("-")
    return first + "".join(part[:1].upper() + part[1:] for part in others)
