"""Apache Kafka's own jars, fetched once from Maven Central into a cache; running them is not done here."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from connector.testing.kafka.broker import KafkaUnavailableError

VERSIONS = ("4.3.0", "4.1.1")
"""Versions of Apache Kafka that will do, the preferred one first."""

_FETCH_TIMEOUT_SECONDS = 600

_POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>connector.testing</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>{dependencies}</dependencies>
</project>
"""
# Kafka's POM names no log4j binding; without one the broker dies silently.
_BROKER = """
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.3</version>
    </dependency>
"""
# Of the runtime only classes that need nothing else: its web server is not wanted.
_CONVERTERS = """
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>connect-json</artifactId><version>{version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>connect-runtime</artifactId><version>{version}</version>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>
"""
_TRANSFORMS = """
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>connect-transforms</artifactId><version>{version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>connect-json</artifactId><version>{version}</version>
    </dependency>
"""
# The whole worker with its web server, and the connectors of files that come with Kafka.
_CONNECT = """
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>connect-runtime</artifactId><version>{version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>connect-file</artifactId><version>{version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>connect-json</artifactId><version>{version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>connect-transforms</artifactId><version>{version}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.3</version>
    </dependency>
"""
_REST_CLIENT_VERSION = "4.0.4"
_REST_CLIENT = f"""
    <dependency>
      <groupId>org.sourcelab</groupId><artifactId>kafka-connect-client</artifactId>
      <version>{_REST_CLIENT_VERSION}</version>
    </dependency>
"""
_GLUE_VERSION = "1.1.27"
_GLUE = f"""
    <dependency>
      <groupId>software.amazon.glue</groupId><artifactId>schema-registry-serde</artifactId>
      <version>{_GLUE_VERSION}</version>
    </dependency>
"""


def folder_of(version: str, kind: str = "kafka") -> Path:
    """Where the jars of this version are, or will be."""
    cache = os.environ.get("CONNECTOR_CACHE") or Path.home() / ".cache" / "kafka-aws-connector"
    return Path(cache) / f"{kind}-{version}"


def installed_version() -> str | None:
    """The preferred version among those in the cache."""
    return next((version for version in VERSIONS if folder_of(version).is_dir()), None)


def ensure_jars() -> str:
    """Fetches the jars unless a version is cached, and says which version there is.

    Raises:
        KafkaUnavailableError: No version is cached and none could be fetched.
    """
    if version := installed_version():
        return version
    reasons = []
    for version in VERSIONS:
        try:
            _fetch(folder_of(version), _BROKER.format(version=version))
        except KafkaUnavailableError as error:
            reasons.append(f"{version}: {error}")
        else:
            return version
    raise KafkaUnavailableError("; ".join(reasons))


def converter_jars() -> Path:
    """The folder with Kafka Connect's own converters and all they need; fetched unless it is cached.

    Raises:
        KafkaUnavailableError: They could not be fetched.
    """
    return _fetched(folder_of(VERSIONS[0], "connect-converters"), _CONVERTERS.format(version=VERSIONS[0]))


def transform_jars() -> Path:
    """The folder with Kafka Connect's own transforms and all they need; fetched unless it is cached.

    Raises:
        KafkaUnavailableError: They could not be fetched.
    """
    return _fetched(folder_of(VERSIONS[0], "connect-transforms"), _TRANSFORMS.format(version=VERSIONS[0]))


def connect_jars() -> Path:
    """The folder with Kafka Connect's own worker and file connectors; fetched unless it is cached.

    Raises:
        KafkaUnavailableError: They could not be fetched.
    """
    return _fetched(folder_of(VERSIONS[0], "connect-worker"), _CONNECT.format(version=VERSIONS[0]))


def rest_client_jars() -> Path:
    """The folder with SourceLab's client of Kafka Connect's REST API; fetched unless it is cached.

    Raises:
        KafkaUnavailableError: They could not be fetched.
    """
    return _fetched(folder_of(_REST_CLIENT_VERSION, "connect-client"), _REST_CLIENT)


def glue_jars() -> Path:
    """The folder with AWS's serialisers for Glue Schema Registry; fetched unless it is cached.

    Raises:
        KafkaUnavailableError: They could not be fetched.
    """
    return _fetched(folder_of(_GLUE_VERSION, "glue-serde"), _GLUE)


def _fetched(folder: Path, dependencies: str) -> Path:
    if not folder.is_dir():
        _fetch(folder, dependencies)
    return folder


def _fetch(folder: Path, dependencies: str) -> None:
    maven = shutil.which("mvn")
    if not maven:
        raise KafkaUnavailableError("its jars are not cached, and there is no mvn on the PATH to fetch them")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the goal, so that the rename stays within one file system and is atomic.
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as workplace:
        _copy_dependencies(maven, dependencies, Path(workplace))
        try:
            (Path(workplace) / "libs").rename(folder)
        except OSError:
            # Another process was faster; its jars are as good as ours.
            if not folder.is_dir():
                raise


def _copy_dependencies(maven: str, dependencies: str, workplace: Path) -> None:
    (workplace / "pom.xml").write_text(_POM.format(dependencies=dependencies))
    command = [maven, "-B", "-q", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    command.append(f"-DoutputDirectory={workplace / 'libs'}")
    try:
        run = subprocess.run(  # noqa: S603 - a fixed command
            command,
            cwd=workplace,
            capture_output=True,
            text=True,
            timeout=_FETCH_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise KafkaUnavailableError(f"mvn did not end within {_FETCH_TIMEOUT_SECONDS} s") from error
    if run.returncode != 0:
        output = (run.stdout + run.stderr).strip().splitlines() or ["it said nothing"]
        raise KafkaUnavailableError(f"mvn could not fetch the jars: {output[0]}")
