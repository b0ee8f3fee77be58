"""The containers, as far as they can be looked at without an engine that builds and runs them."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from bot.command_line.main import COMMANDS, cli
from worker.app import QUEUES
from worker.settings import Settings

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "worker", "evaluator", "rules", "migrations")
OURS = ("web", "worker", "gpu-worker", "beat", "migrate")
THEIRS = ("redis", "postgres")
ONCE = ("migrate",)
SETTINGS = {f"FAIRWAY_{name.upper()}": field for name, field in Settings.model_fields.items()}


def compose() -> dict[str, Any]:
    """The file with its merges resolved."""
    loaded = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return dict(json.loads(json.dumps(loaded)))


SERVICES: dict[str, dict[str, Any]] = compose()["services"]


def example() -> dict[str, str]:
    """Variables of `.env.example`, commented out or not."""
    text = (ROOT / ".env.example").read_text("utf-8")
    return dict(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))


def instructions() -> Iterator[tuple[str, str, str]]:
    """Stage, instruction and the rest, for each of the Dockerfile's."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text("utf-8"))
    stage = ""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        word, rest = line.split(maxsplit=1)
        if word == "FROM":
            stage = rest.split()[-1]
        yield stage, word, rest


def of_stage(stage: str, word: str) -> list[str]:
    """An instruction's arguments in a stage and in those that it is made from."""
    parents = {name: rest.split()[0] for name, found, rest in instructions() if found == "FROM"}
    found = [rest for name, kind, rest in instructions() if (name, kind) == (stage, word)]
    return found + (of_stage(parents[stage], word) if parents.get(stage) in parents else [])


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command of Fairway's that a container or a health check runs."""
    for name, service in SERVICES.items():
        for words in (service.get("command"), service.get("healthcheck", {}).get("test", [])[1:]):
            if words and words[0] == "fairway":
                yield name, words[1:]
    for stage, word, rest in instructions():
        if word in ("CMD", "HEALTHCHECK"):
            yield stage, json.loads(rest[rest.index("[") :])[1:]


def test_the_compose_file_fits_the_specification() -> None:
    schema = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text("utf-8")
    errors = jsonschema_rs.validator_for(json.loads(schema)).iter_errors(compose())
    assert [f"{list(error.instance_path)}: {error.message}" for error in errors] == []


def test_the_services_are_those_of_a_deployment() -> None:
    assert set(SERVICES) == {*OURS, *THEIRS}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_little_harm(name: str) -> None:
    service = SERVICES[name]
    uid, gid = service["user"].split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", []))
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_looked_after(name: str) -> None:
    service = SERVICES[name]
    if name in ONCE:
        assert service["healthcheck"] == {"disable": True}
        assert service["restart"] == "no"
    else:
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
        assert service["restart"] == "unless-stopped"
        assert service["stop_grace_period"].endswith("s")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_for_what_it_needs_and_for_nothing_that_does_not_tell(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        expected = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how == {"condition": expected}


def test_deliveries_do_not_depend_on_the_broker() -> None:
    assert "redis" not in SERVICES["web"]["depends_on"]


def test_only_the_web_has_a_port_and_database_and_broker_reach_nobody_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert compose()["networks"]["inside"] == {"internal": True}
    assert {name: SERVICES[name]["networks"] for name in THEIRS} == {name: ["inside"] for name in THEIRS}
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == {
        "web",
        "worker",
        "gpu-worker",
    }


def test_each_process_has_the_secrets_that_it_needs_and_no_others() -> None:
    hidden = {
        name: {key.removeprefix("FAIRWAY_") for key, value in service["environment"].items() if value == ""}
        for name, service in SERVICES.items()
    }
    assert hidden["web"] == {"PRIVATE_KEY"}
    assert hidden["worker"] == hidden["gpu-worker"] == {"WEBHOOK_SECRET"}
    assert hidden["beat"] == hidden["migrate"] == {"WEBHOOK_SECRET", "PRIVATE_KEY"}
    assert all("env_file" not in SERVICES[name] for name in THEIRS)


def test_every_variable_of_fairway_in_the_compose_file_is_a_setting_and_every_other_is_explained() -> None:
    given = {key for service in SERVICES.values() for key in service.get("environment", {})}
    assert {key for key in given if key.startswith("FAIRWAY_")} <= set(SETTINGS)
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text("utf-8")))
    assert needed == {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert needed <= set(example())


def test_the_example_names_every_setting_with_its_default() -> None:
    named = {name: value for name, value in example().items() if name.startswith("FAIRWAY_")}
    assert set(named) == set(SETTINGS)
    told = {name: value for name, value in named.items() if value}
    read = Settings.model_validate({name.removeprefix("FAIRWAY_").lower(): value for name, value in told.items()})
    assert read == Settings()
    assert set(told) == {name for name, field in SETTINGS.items() if field.get_default() not in (None, ())}


def test_the_example_as_it_is_starts_nothing_that_would_be_unsafe() -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    open_ones = {name for name, value in re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE) if not value}
    assert {"FAIRWAY_WEBHOOK_SECRET", "FAIRWAY_PRIVATE_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"} <= open_ones
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").split()


@pytest.mark.parametrize(("where", "words"), list(commands()), ids=lambda value: str(value))
def test_a_command_in_a_container_is_one_of_ours_with_options_that_it_has(where: str, words: list[str]) -> None:
    name, *options = words
    assert name in COMMANDS
    below = options[:1] if name == "runner" else []  # a command of commands
    told = CliRunner().invoke(cli, [name, *below, "--help"]).output
    for option in options:
        if option.startswith("--"):
            assert f"{option} " in told or f"{option}\n" in told, (where, option)
    if "--queue" in options:
        assert options[options.index("--queue") + 1] in QUEUES


def test_every_kind_of_process_of_ours_has_its_command() -> None:
    run = {name: SERVICES[name]["command"][1] for name in OURS}
    assert run == {"web": "serve", "worker": "worker", "gpu-worker": "runner", "beat": "beat", "migrate": "migrate"}


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_runs_an_image_of_ours_as_its_user(name: str) -> None:
    target = SERVICES[name]["build"]["target"]
    assert target in {stage for stage, word, _ in instructions() if word == "FROM"}
    assert of_stage(target, "USER")[-1] == SERVICES[name]["user"]


def test_workers_share_one_place_for_contents_and_it_is_the_images_own() -> None:
    environment = " ".join(of_stage("server", "ENV"))
    [place] = of_stage("server", "VOLUME")
    assert f"FAIRWAY_CONTENT_FOLDER={place}/content" in environment
    for name in ("worker", "gpu-worker"):
        assert SERVICES[name]["volumes"] == [f"content:{place}"]
        assert SERVICES[name]["environment"]["FAIRWAY_CONTENT_FOLDER"] == f"{place}/content"


def test_a_worker_has_room_and_time_for_what_its_settings_allow() -> None:
    settings, worker = Settings(), SERVICES["worker"]
    assert int(worker["stop_grace_period"].removesuffix("s")) > settings.stage_seconds
    memory = int(worker["deploy"]["resources"]["limits"]["memory"].removesuffix("g")) * 1024**3
    assert memory > settings.concurrency * settings.screen_bytes


def test_what_is_copied_into_an_image_is_there_and_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    allowed = [line[1:] for line in lines if line.startswith("!")]
    sources = [source for stage, word, rest in instructions() if word == "COPY" for source in from_context(rest)]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source
    assert set(allowed) == set(sources)


def from_context(rest: str) -> list[str]:
    words = shlex.split(rest)
    return [] if words[0].startswith("--from") else words[:-1]


SANDBOX = {"bubblewrap", "libseccomp2", "util-linux", "mount"}


@pytest.mark.parametrize(("target", "besides"), [("server", set()), ("gpu", SANDBOX)])
def test_the_final_images_hold_no_build_tools(target: str, besides: set[str]) -> None:
    ran = " ".join(of_stage(target, "RUN"))
    installed = re.findall(r"apt-get install ([^&]*)", ran)
    names = {word for words in installed for word in words.split() if not word.startswith("--")}
    assert names == {"ca-certificates", "git"} | besides
    assert "pip uninstall --yes --quiet pip" in ran
    assert "pip install" not in ran


def test_the_wheel_holds_everything_that_the_packages_hold(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if not name.startswith("fairway-")}
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert set(tracked) - held == set()
    assert {"worker/clients/pacer.lua", "rules/competitions/parameter_golf.toml", "migrations/script.py.mako"} <= held
