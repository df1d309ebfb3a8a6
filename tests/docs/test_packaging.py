"""What is shipped: wheel, source distribution, image, compose file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import tomllib
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
import yaml
from moto.server import ThreadedMotoServer
from packaging.metadata import Metadata

from connector.cluster.settings import DistributedSettings
from connector.config.files import connector_files
from connector.runtime.task import LEAVE_SECONDS
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / "config-examples" / "compose"
FILES = {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"}
ONE_SHOTS = {"aws-set-up", "topic", "producer", "connectors"}


def run(*command: str | Path, cwd: Path = ROOT, environ: Mapping[str, str] = MappingProxyType({})) -> str:
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


# ---- wheel and source distribution ----


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", folder)
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution, as those do who get no wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=source)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "connector").rglob("*.py")}
    examples = {
        f"connector/demo/examples/{path.relative_to(ROOT / 'config-examples').as_posix()}"
        for path in (ROOT / "config-examples").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == {*sources, *examples, "connector/py.typed"}


def test_a_checkout_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """As ``pip install .`` does, and pip with an address of git's."""
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path)
    with zipfile.ZipFile(tmp_path / wheel.name) as ours, zipfile.ZipFile(wheel) as theirs:
        assert sorted(ours.namelist()) == sorted(theirs.namelist())


def test_the_source_distribution_holds_what_its_tests_need_and_nothing_made(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"connector/py.typed", "Makefile", "tests/conftest.py", "docs/cli.md", *FILES} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith((".venv", ".git/"))]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    links = {"connector/demo/examples"}  # of a folder, which is there once
    assert set(listed.stdout.splitlines()) - links <= names


def test_the_metadata_is_complete_and_well_formed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Metadata.from_email(archive.read(name), validate=True)
    assert metadata.description_content_type == "text/markdown"
    assert (metadata.description or "").startswith("# ")
    assert (metadata.license_expression, metadata.license_files) == ("Apache-2.0", ["LICENSE"])
    assert str(metadata.requires_python) == ">=3.11"
    assert metadata.summary
    assert metadata.keywords
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(metadata.provides_extra or ()) == set(project["optional-dependencies"])


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it needs, nothing else."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    uv: list[str | Path] = [sys.executable, "-m", "uv"]
    run(*uv, "venv", "--quiet", "--python", sys.executable, folder)
    install = [*uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python"]
    run(*install, "--require-hashes", "--requirement", ROOT / "requirements" / "runtime.txt")
    run(*install, "--no-deps", wheel)
    return folder / "bin"


def test_the_wheel_works_in_a_fresh_environment(installed: Path, tmp_path: Path) -> None:
    command = installed / "connector"
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"kafka-aws-connector {version}\nlibrdkafka " in run(command, "--version", cwd=tmp_path)
    assert "aws.s3.bucket.name" in run(command, "describe", "s3", cwd=tmp_path)
    assert "ok: connector events-to-s3" in run(command, "validate", EXAMPLE / "s3_sink.json", cwd=tmp_path)


def test_every_plug_in_of_the_wheel_can_be_loaded(installed: Path, tmp_path: Path) -> None:
    program = (
        "from importlib.metadata import distribution\n"
        "points = distribution('kafka-aws-connector').entry_points\n"
        "print(len([point.load() for point in points]))"
    )
    count = int(run(installed / "python", "-c", program, cwd=tmp_path))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert count == len(project["scripts"]) + sum(map(len, project["entry-points"].values()))


def test_those_who_use_the_wheel_get_its_types(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(
        "from connector.record import TopicPartition\n"
        "from connector.errors import RecordError\n"
        "reveal_type(TopicPartition('orders', 1).partition)\n"
        "RecordError(1)\n"
    )
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", installed / "python", "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    ).stdout
    assert 'Revealed type is "int"' in found.replace("builtins.", "")
    assert 'Missing named argument "stage"' in found
    assert "import-untyped" not in found


# ---- what is pinned ----


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==([^ ;]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["runtime", "build", "demo"])
def test_what_runs_is_what_was_tested(name: str) -> None:
    tested = pins("dev")
    assert pins(name).items() <= tested.items()


def test_the_runtime_needs_nothing_of_tests_demo_or_build() -> None:
    assert not pins("runtime").keys() & {"moto", "pytest", "boto3", "hatchling", "uv"}


# ---- image ----


@pytest.fixture(scope="module")
def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, as (name, arguments)."""
    joined = re.sub(
        r"\\\n", " ", re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    )
    found: list[list[tuple[str, str]]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:  # an ARG may stand before them all
            found[-1].append((name, re.sub(r"\s+", " ", arguments).strip()))
    return found


def test_hadolint_finds_no_fault_in_the_dockerfile() -> None:
    assert run(BIN / "hadolint", "Dockerfile") == ""


def test_no_fault_of_the_dockerfile_is_ignored() -> None:
    assert "hadolint ignore" not in (ROOT / "Dockerfile").read_text()
    assert not list(ROOT.glob(".hadolint.y*ml"))


def test_both_stages_stand_on_the_same_python(stages: list[list[tuple[str, str]]]) -> None:
    bases = {dict(stage)["FROM"].removesuffix(" AS build") for stage in stages}
    assert bases == {"${PYTHON}"}
    assert re.search(
        r"^ARG PYTHON=python:3\.13-slim-[a-z]+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )


def test_the_image_runs_as_a_fixed_user_who_is_not_root(stages: list[list[tuple[str, str]]]) -> None:
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", dict(stages[-1])["USER"])


def test_the_last_stage_installs_nothing_and_has_no_pip(stages: list[list[tuple[str, str]]]) -> None:
    commands = " ".join(arguments for name, arguments in stages[-1] if name == "RUN")
    assert "pip uninstall --yes" in commands
    assert "ensurepip" in commands
    assert " install " not in commands


def test_the_image_stops_on_sigterm_and_takes_arguments(stages: list[list[tuple[str, str]]]) -> None:
    last = dict(stages[-1])
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(last["ENTRYPOINT"]) == ["connector"]
    assert json.loads(last["CMD"])[0] == "standalone"


def test_the_health_check_asks_where_the_worker_of_the_image_listens(
    stages: list[list[tuple[str, str]]], tmp_path: Path
) -> None:
    last = dict(stages[-1])
    _, _, command = last["HEALTHCHECK"].partition("CMD ")
    program, *arguments = json.loads(command)
    assert program == "python"
    file = tmp_path / "worker.properties"
    for answer, code in ((200, 0), (503, 1), (500, 1)):
        with http_server(answer) as port:
            file.write_text(f"listeners=http://0.0.0.0:{port}\n")
            environ = {**os.environ, "CONNECTOR_WORKER_FILE": str(file)}
            found = subprocess.run(
                [sys.executable, *arguments], env=environ, capture_output=True, check=False, timeout=20
            )
        assert found.returncode == code


def test_the_worker_file_of_the_image_is_one_and_opens_the_rest_api(
    stages: list[list[tuple[str, str]]], tmp_path: Path
) -> None:
    (writing,) = [arguments for name, arguments in stages[-1] if name == "RUN"]
    file = tmp_path / "worker.properties"
    run("sh", "-c", writing.rpartition("&& ")[2].replace("/etc/connector/worker.properties", str(file)))
    settings = WorkerSettings.load(file, {"CONNECT_BOOTSTRAP_SERVERS": "broker:9092"})
    assert [str(each) for each in settings.listeners] == ["http://0.0.0.0:8083"]
    assert settings.log_format == "json"
    assert not settings.unknown


@pytest.mark.parametrize("platform", ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28"])
def test_every_wheel_of_the_image_is_there_for_either_architecture(platform: str, tmp_path: Path) -> None:
    run(
        *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--dry-run", "--target", tmp_path),
        *("--only-binary", ":all:", "--python-version", "3.13", "--python-platform", platform),
        *("--require-hashes", "--requirement", ROOT / "requirements" / "runtime.txt"),
    )


def test_the_bill_of_materials_names_what_runs_and_is_the_same_twice(installed: Path, tmp_path: Path) -> None:
    def made(name: str) -> str:
        run(
            *(BIN / "cyclonedx-py", "environment", installed / "python", "--pyproject", "pyproject.toml"),
            *("--output-reproducible", "--no-validate", "--output-format", "JSON"),
            *("--output-file", tmp_path / name),
        )
        return (tmp_path / name).read_text()

    first = made("1")
    assert first == made("2")
    named = {each["name"] for each in json.loads(first)["components"]}
    assert {"aiobotocore", "confluent-kafka", "pyarrow"} <= named
    assert json.loads(first)["metadata"]["component"]["name"] == "kafka-aws-connector"


class http_server:  # noqa: N801 - used like a function
    """Answers every GET with one status, on a free port."""

    def __init__(self, status: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status if self.path == "/health" else 404)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> int:
        self._thread.start()
        return self._server.server_port

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


# ---- compose ----


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def test_every_service_is_built_here_or_pinned(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service.get("build") == "." or re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name


def test_the_stand_in_for_aws_is_the_one_that_tests_use(services: dict[str, dict[str, Any]]) -> None:
    assert services["aws"]["image"] == f"motoserver/moto:{pins('demo')['moto']}"


def test_every_service_that_stays_has_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    for name in services.keys() - ONE_SHOTS:
        assert "healthcheck" in services[name] or services[name].get("build"), name


def test_ports_are_open_on_loopback_only(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)


def test_no_service_has_privileges(services: dict[str, dict[str, Any]]) -> None:
    forbidden = {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices", "userns_mode"}
    for name, service in services.items():
        assert not service.keys() & forbidden, name
        assert not any("docker.sock" in volume for volume in service.get("volumes", [])), name


def test_what_is_mounted_is_there_and_read_only(services: dict[str, dict[str, Any]]) -> None:
    for volume in [volume for service in services.values() for volume in service.get("volumes", [])]:
        source, _, mode = volume.split(":")
        assert (ROOT / source).exists()
        assert mode == "ro"


def test_compose_accepts_the_file() -> None:
    plugin = ["docker", "compose"]
    has_plugin = (
        shutil.which("docker")
        and subprocess.run([*plugin, "version"], capture_output=True, check=False, timeout=30).returncode == 0
    )
    if not has_plugin and not shutil.which("docker-compose"):
        pytest.skip("needs docker compose")
    command = plugin if has_plugin else ["docker-compose"]
    run(*command, "--file", COMPOSE, "config", "--quiet")


def test_the_library_of_compose_reads_every_profile() -> None:
    loader = Path(sys.prefix) / "compose" / "bin" / "cmd"
    if not loader.exists():
        pytest.skip("needs the library of compose, which make test builds where Go is")
    profiles = {"COMPOSE_PROFILES": "monitoring,schema-registry"}
    found = yaml.safe_load(run(loader, COMPOSE, environ=profiles))["services"]
    assert found.keys() == yaml.safe_load(COMPOSE.read_text())["services"].keys()


def test_two_workers_are_one_cluster_and_have_names_of_their_own(services: dict[str, dict[str, Any]]) -> None:
    first, second = (services[name]["environment"] for name in ("worker-1", "worker-2"))
    settings = [
        DistributedSettings.of({}, {key: str(value) for key, value in each.items()})
        for each in (first, second)
    ]
    assert settings[0].group_id == settings[1].group_id
    assert settings[0].rest_advertised_host_name != settings[1].rest_advertised_host_name
    grace = int(services["worker-1"]["stop_grace_period"].removesuffix("s"))
    assert grace > settings[0].task_shutdown_graceful_timeout_ms / 1000 + LEAVE_SECONDS


def test_the_connectors_of_the_folder_are_submitted(services: dict[str, dict[str, Any]]) -> None:
    assert services["connectors"]["command"][:2] == ["apply", "/connectors"]
    assert services["connectors"]["volumes"] == ["./config-examples/compose:/connectors:ro"]
    assert [file.name for file in connector_files([EXAMPLE])] == ["s3_sink.json"]


def test_prometheus_and_grafana_have_the_alerts_and_dashboards_of_the_chart(
    services: dict[str, dict[str, Any]],
) -> None:
    volumes = [*services["prometheus"]["volumes"], *services["grafana"]["volumes"]]
    sources = {volume.partition(":")[0] for volume in volumes}
    assert {"./charts/kafka-aws-connector/files", "./charts/kafka-aws-connector/dashboards"} <= sources
    targets = yaml.safe_load((EXAMPLE / "monitoring" / "prometheus.yml").read_text())["scrape_configs"]
    assert set(targets[0]["dns_sd_configs"][0]["names"]) <= services.keys()


def test_the_example_delivers_the_topic_that_is_produced_to(services: dict[str, dict[str, Any]]) -> None:
    topic = json.loads((EXAMPLE / "s3_sink.json").read_text())["topics"]
    assert f"--topic={topic}" in services["topic"]["command"]
    assert f"--topic={topic}" in services["producer"]["command"]


def test_payloads_are_json_lines() -> None:
    for line in (EXAMPLE / "events.jsonl").read_text().splitlines():
        assert json.loads(line)


@pytest.fixture
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_the_set_up_makes_what_the_example_needs(moto: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    run(sys.executable, EXAMPLE / "set_up_aws.py", moto, environ=keys)
    config = json.loads((EXAMPLE / "s3_sink.json").read_text())
    session = botocore.session.get_session()
    session.set_credentials("testing", "testing")
    clients = {
        name: session.create_client(name, region_name=config["aws.s3.region"], endpoint_url=moto)
        for name in ("s3", "iam")
    }
    assert clients["s3"].head_bucket(Bucket=config["aws.s3.bucket.name"])
    role = clients["iam"].get_role(RoleName="kafka-to-s3")["Role"]
    assert role["Arn"] == config["aws.sts.role.arn"]
    assert config["aws.sts.role.external.id"] in json.dumps(role["AssumeRolePolicyDocument"])


# ---- hooks ----


def test_pre_commit_accepts_its_configuration() -> None:
    run(BIN / "pre-commit", "validate-config", ".pre-commit-config.yaml")


def test_hooks_from_elsewhere_are_pinned_by_version() -> None:
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]:
        assert repository["repo"] == "local" or re.fullmatch(r"v\d+\.\d+\.\d+", repository["rev"])
