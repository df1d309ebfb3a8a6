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

from connector.cluster.standalone import plan
from connector.config.files import read_connector
from connector.rest.routes import routes
from connector.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
REFERENCES = ["worker.md", "s3-sink.md", "metrics.md"]


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


def test_the_policies_grant_what_the_readme_says() -> None:
    permissions, trust, _ = map(json.loads, blocks(ROOT / "docs" / "s3-sink.md", "json"))
    (connector,) = map(json.loads, blocks(ROOT / "README.md", "json"))
    readme = (ROOT / "README.md").read_text()
    (statement,) = permissions["Statement"]
    assert statement["Resource"] == f"arn:aws:s3:::{connector['aws.s3.bucket.name']}/*"
    assert all(f"`{action}`" in readme for action in statement["Action"])
    (statement,) = trust["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"sts:ExternalId": connector["aws.sts.role.external.id"]}
    }


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
    return "\n".join([*re.findall(r"`([^`\n]+)`", text), *blocks(page, "")])


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
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
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
    text = (ROOT / "docs" / "worker.md").read_text()
    paths = {f"{route.method} {re.sub(r':[^}]*', '', str(route.path))}" for route in routes()}
    documented = set(re.findall(r"`([A-Z]+ /[^`]*)`", text))
    assert documented == {path for path in paths if path == "GET /" or not path.endswith("/")}
