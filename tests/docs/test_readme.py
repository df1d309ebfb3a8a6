"""What the pages say holds: examples validate, commands exist, links resolve, tables are fresh."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.cli import app
from connector.cluster.plan import plan
from connector.config.files import read_connector
from connector.rest.openapi import describe
from connector.rest.routes import TABLE
from connector.settings import WorkerSettings
from connector.sinks.s3 import S3Config, S3Sink

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
SINKS = ["eventbridge-sink.md", "kinesis-sink.md", "s3-sink.md", "sns-sink.md", "sqs-sink.md"]
REFERENCES = ["worker.md", *SINKS, "metrics.md", "aws.md", "aws-connections.md"]
AWS_PAGE = ROOT / "docs" / "aws.md"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def worker(folder: Path) -> WorkerSettings:
    (text,) = blocks(ROOT / "README.md", "properties")
    path = folder / "worker.properties"
    path.write_text(text)
    return WorkerSettings.load(path, {})


# ---- examples ----


def test_the_worker_properties_of_the_readme_are_all_understood(tmp_path: Path) -> None:
    settings = worker(tmp_path)
    assert not settings.unknown
    assert not settings.ignored
    assert settings.converter_config("value") == {"schemas.enable": "false"}


def test_the_connector_of_the_readme_is_accepted_as_it_is(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "README.md", "json")
    path = tmp_path / "orders.json"
    path.write_text(text)
    (blueprint,) = plan([read_connector(path)], worker(tmp_path))
    assert not blueprint.unknown


def test_the_connector_of_the_eventbridge_page_is_accepted_as_it_is(tmp_path: Path) -> None:
    text = blocks(ROOT / "docs" / "eventbridge-sink.md", "json")[0]
    path = tmp_path / "orders.json"
    path.write_text(text)
    (blueprint,) = plan([read_connector(path)], worker(tmp_path))
    assert not blueprint.unknown


# ---- policies ----


def own_commands(tmp_path: Path) -> list[tuple[str, list[str]]]:
    """The `connector aws policy` commands of the page, with the connector of the README as their file."""
    (text,) = blocks(ROOT / "README.md", "json")
    path = tmp_path / "orders.json"
    path.write_text(text)
    lines = re.findall(r"^ *connector (aws policy .*?)(?: > .*)?$", AWS_PAGE.read_text(), re.MULTILINE)
    return [(line, [str(path) if word == path.name else word for word in line.split()]) for line in lines]


def test_the_policies_shown_are_those_that_the_command_above_them_prints(tmp_path: Path) -> None:
    (shown,) = blocks(AWS_PAGE, "json")
    result = CliRunner().invoke(app, own_commands(tmp_path)[0][1])
    assert result.stdout == shown
    assert result.stderr == ""


def test_every_policy_command_of_the_page_works(tmp_path: Path) -> None:
    commands = {line: words for line, words in own_commands(tmp_path) if "--who-am-i" not in words}
    assert len(commands) >= 5
    results = {line: CliRunner().invoke(app, words) for line, words in commands.items()}
    assert {line: result.exit_code for line, result in results.items()} == dict.fromkeys(commands, 0)


def test_every_action_that_is_asked_for_has_its_reason_on_the_page() -> None:
    (shown,) = blocks(AWS_PAGE, "json")
    statements = json.loads(shown)["PermissionPolicy"]["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    assert set(re.findall(r"^\| `(\w+:\w+)` \|", AWS_PAGE.read_text(), re.MULTILINE)) == actions


def test_the_objects_that_the_page_shows_are_those_of_the_templates() -> None:
    rows = re.findall(r"^\| (`.*?`|none) \| (`.*?)(?:, the whole.*)? \|$", AWS_PAGE.read_text(), re.MULTILINE)
    rows = [
        (template.strip("`"), shown) for template, shown in rows if "{{" in template or template == "none"
    ]
    assert len(rows) == 5
    for template, shown in rows:
        raw = {} if template == "none" else {"file.name.template": template}
        config = S3Config.parse({"aws.s3.bucket.name": "shop", **raw})
        resources = S3Sink.permissions(config, ["orders", "returns"])[0].resources
        expected = [resource.removeprefix("arn:aws:s3:::shop/") for resource in resources]
        assert re.findall("`(.*?)`", shown) == expected


# ---- commands ----


@cache
def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def sub_commands() -> set[str]:
    command = Path(sys.executable).parent / "connector"
    result = subprocess.run([command, "--help"], capture_output=True, text=True, check=True, timeout=60)
    return set(re.findall(r"^\W*([a-z]+) {2,}", result.stdout, re.MULTILINE))


def code(page: Path) -> str:
    """Everything set in code, inline and fenced."""
    text = page.read_text()
    return "\n".join([*re.findall(r"`([^`\n]+)`", text), *blocks(page, r"\w*")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    assert set(re.findall(r"\bmake ([a-z]+)", code(page))) <= targets()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"(?:^|/bin/)connector ([a-z]+)", code(page), re.MULTILINE)
    assert set(named) <= sub_commands()


def test_the_readme_names_both_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "`make demo`" in text
    assert "`make test`" in text


# ---- links ----


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.is_relative_to(ROOT.resolve()), link
        assert path.exists(), link
        assert not anchor or anchor in anchors(path), link


def anchors(page: Path) -> set[str]:
    """As GitHub makes them: lower case, dashes for spaces, no punctuation."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert not [page for page in (ROOT / "docs").glob("*.md") if f"docs/{page.name}" not in readme]


# ---- references ----


def test_the_generated_parts_are_fresh() -> None:
    result = generate(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_stale_part_is_found(tmp_path: Path) -> None:
    for folder in ("docs", "charts"):
        # Other tests import what is there meanwhile.
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "README.md", tmp_path)
    page = tmp_path / "docs" / "metrics.md"
    page.write_text(page.read_text().replace("Records read from Kafka", "Records seen in Kafka"))
    result = generate(tmp_path)
    assert result.returncode == 1
    assert "metrics.md is stale" in result.stdout


def generate(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "docs.generate", "--check"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", REFERENCES)
def test_no_marker_of_a_generated_part_is_misspelt(name: str) -> None:
    text = (ROOT / "docs" / name).read_text()
    starts = re.findall(r"<!-- generated: (.+) -->\n", text)
    assert starts
    for start in starts:
        assert text.count(f"<!-- end of {start} -->") == 1
        assert f"<!-- generated: {start} -->\n<!-- end" not in text


def test_every_path_of_the_api_is_documented() -> None:
    text = (ROOT / "docs" / "rest.md").read_text()
    described = describe(TABLE, "4.1.0")["paths"]
    paths = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert set(re.findall(r"`([A-Z]+ /[^`]*)`", text)) == paths
