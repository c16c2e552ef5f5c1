"""How the rehearsal reads compose.yaml, and what it says where nothing can be rehearsed."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import compose_file
import containers
import msgspec
import pytest

INFRA = Path(compose_file.__file__).parent
SITE = {"SDC_SITE_URL": "https://example.org"}
ONE = """
x-all: &all {user: "1:1", restart: always, pids_limit: 1, logging: {driver: none, options: {}}}
name: one
services:
  a: {<<: *all, image: "a:local"%s}
  b: {<<: *all, image: "b:local", depends_on: {a: {condition: service_started}}}
networks: {}
volumes: {}
"""


def test_every_key_of_the_compose_file_is_known() -> None:
    stack = compose_file.read(INFRA / "compose.yaml", SITE)
    started = compose_file.started(stack.services, ("edge",))
    assert set(stack.services) - set(started) == {"recover"}
    assert compose_file.in_order(started)[:3] == ["secrets", "store", "prepare"]
    assert compose_file.in_order(started)[-1] == "edge"
    assert stack.services["worker"].environment["SDC_SITE_URL"] == "https://example.org"
    assert stack.services["web-1"].ports == ("127.0.0.1:8000:8000",)


@pytest.mark.parametrize(
    ("docker", "network", "hardware"),
    [
        (False, "trial-back:alias=web-2,alias=web", "mac"),
        (True, "name=trial-back,alias=web-2,alias=web", "mac-address"),
    ],
)
def test_a_service_is_started_as_the_file_has_it(network: str, hardware: str, *, docker: bool) -> None:
    web = compose_file.read(INFRA / "compose.yaml", SITE).services["web-2"]
    arguments = compose_file.run_arguments("web-2", web, "trial", "an-image", docker=docker)
    assert arguments[arguments.index("--network") + 1].endswith(
        f"alias=web-2,ip=172.30.83.12,{hardware}=02:00:ac:1e:53:0c"
    )
    pairs = list(itertools.pairwise(arguments))
    assert {"--read-only", "--init", "an-image"} <= set(arguments)
    expected = {"--user": "10001:10001", "--cap-drop": "ALL", "--security-opt": "no-new-privileges:true"}
    expected |= {"--volume": "trial-secrets-web:/secrets:ro", "--network": network, "--memory": "512m"}
    assert set(expected.items()) <= set(pairs)
    assert arguments[-1] == "an-image"


def test_one_that_shares_the_network_of_another_comes_after_it() -> None:
    prepare = compose_file.read(INFRA / "compose.yaml", SITE).services["prepare"]
    arguments = compose_file.run_arguments("prepare", prepare, "trial", "an-image")
    assert arguments[arguments.index("--network") + 1] == "container:trial-store"
    assert arguments[-3:] == ["an-image", "sdc", "prepare"]


def test_the_override_is_merged_as_compose_merges_it() -> None:
    given = {**SITE, "MINIO_IMAGE": "minio:1", "SDC_S3_ACCESS_KEY_ID": "key"}
    stack = compose_file.read(INFRA / "compose.yaml", given, INFRA / "compose.minio.yaml")
    store, recover = stack.services["store"], stack.services["recover"]
    assert (store.image, store.build, store.command[0]) == ("minio:1", None, "server")
    assert store.environment["SDC_S3_ENDPOINT_URL"] == "http://127.0.0.1:8333"
    assert store.volumes == ("store:/data/object-store", "secrets-store:/secrets:ro")
    assert "store:/data/object-store" in stack.services["secrets"].volumes
    assert (recover.networks, recover.environment["SDC_S3_ENDPOINT_URL"]) == (("out", "back"), "http://store:8333")
    keyed = {name for name, each in stack.services.items() if each.environment.get("SDC_S3_ACCESS_KEY_ID") == "key"}
    assert keyed == set(stack.services) - {"store", "edge"}
    arguments = compose_file.run_arguments("store", store, "trial", store.image)
    asked = arguments[arguments.index("--health-cmd") + 1]
    assert asked == "curl -fsS http://127.0.0.1:8333/minio/health/live"


def test_a_variable_that_is_needed_is_named() -> None:
    with pytest.raises(ValueError, match="SDC_SITE_URL is needed: set it in infra"):
        compose_file.read(INFRA / "compose.yaml", {})


@pytest.mark.parametrize("more", [", cap_add: [NET_ADMIN]", ", privileged: true", ', read_only: "perhaps"'])
def test_what_the_rehearsal_does_not_know_is_refused(tmp_path: Path, more: str) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(ONE % "")
    assert compose_file.in_order(compose_file.read(file, {}).services) == ["a", "b"]
    file.write_text(ONE % more)
    with pytest.raises(msgspec.ValidationError):
        compose_file.read(file, {})


def test_services_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(ONE % ", depends_on: {b: {condition: service_started}}")
    with pytest.raises(ValueError, match="these wait for each other: a, b"):
        compose_file.in_order(compose_file.read(file, {}).services)


def test_what_does_not_come_about_fails_in_words() -> None:
    with pytest.raises(containers.Failed, match="the moon: not within 0 s"):
        containers.until(lambda: False, "the moon", 0.01)


@pytest.mark.parametrize(("options", "code"), [((), 3), (("--allow-skip",), 0)])
def test_without_an_engine_it_says_loudly_that_nothing_was_rehearsed(
    tmp_path: Path, options: tuple[str, ...], code: int
) -> None:
    done = subprocess.run(
        [sys.executable, INFRA / "rehearse.py", *options],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "NOT REHEARSED: neither podman nor docker runs here" in done.stdout
