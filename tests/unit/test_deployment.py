"""What infra/ deploys, as far as a machine without a container engine can judge it."""

import json
import re
import shutil
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import compose_file
import jsonschema
import pytest
import yaml
from sdc_cli import secret_files
from sdc_core.settings import PREFIX, Settings

INFRA = Path(__file__).resolve().parents[2] / "infra"
SPECIFICATION = json.loads(
    (Path(__file__).resolve().parents[1] / "examples" / "compose-spec.json").read_text(encoding="utf-8")
)
COMPOSE = yaml.safe_load((INFRA / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
DOCKERFILE = (INFRA / "Dockerfile").read_text(encoding="utf-8")
FILES = [
    *("compose.yaml", "compose.minio.yaml", ".env.example", "Dockerfile"),
    *sorted(str(each.relative_to(INFRA)) for each in (INFRA / "systemd").rglob("*") if each.is_file()),
]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_no_privilege_and_writes_only_where_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == "10001:10001"


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"prepare", "recover", "secrets"}))
def test_a_container_has_limits_and_is_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("file", FILES)
def test_every_setting_that_is_named_is_one(file: str) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z0-9_]+", (INFRA / file).read_text(encoding="utf-8")))
    assert {name.removeprefix(PREFIX) for name in named} - set(Settings.model_fields) - {""} == set()


@pytest.mark.parametrize("name", SERVICES)
def test_no_environment_holds_a_secret(name: str) -> None:
    secret = {
        f"{PREFIX}{each}" for each, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
    }
    assert set(SERVICES[name]["environment"]) & secret == set()


def test_every_image_is_a_target_of_the_dockerfile() -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
    assert {each["build"]["target"] for each in SERVICES.values() if "build" in each} <= targets


def test_every_volume_and_network_is_declared() -> None:
    for service in SERVICES.values():
        assert {each.split(":")[0] for each in service["volumes"]} <= set(COMPOSE["volumes"])
        assert set(service.get("networks", {})) <= set(COMPOSE["networks"])


def test_only_the_proxy_listens_to_other_machines() -> None:
    opened = {
        name
        for name, service in SERVICES.items()
        for port in service.get("ports", [])
        if not port.startswith("127.0.0.1:")
    }
    assert opened == {"edge"}


def test_the_object_store_reaches_nobody() -> None:
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert SERVICES["store"]["networks"] == ["back"]


def test_a_recovery_reaches_the_remote_and_begins_by_itself_never() -> None:
    recover = SERVICES["recover"]
    assert [name for name in recover["networks"] if not (COMPOSE["networks"][name] or {}).get("internal")] == ["out"]
    assert (recover["profiles"], recover["restart"]) == (["recover"], "no")
    assert set(SERVICES["prepare"]["volumes"]) == set(recover["volumes"])


def test_web_believes_the_network_of_its_proxy_and_no_other() -> None:
    (front,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert SERVICES["web-1"]["environment"]["SDC_TRUSTED_PROXIES"] == front["subnet"]


def test_a_service_sees_no_secrets_but_its_own() -> None:
    seen = {
        name: {each.split(":")[0] for each in service["volumes"] if "secrets" in each}
        for name, service in SERVICES.items()
    }
    own = {name: {f"secrets-{name.partition('-')[0]}"} for name in ("store", "web-1", "web-2", "worker")}
    everything = {"secrets", *(f"secrets-{reader}" for reader in secret_files.READERS)}
    assert seen == own | {"edge": set(), "prepare": {"secrets"}, "recover": {"secrets"}, "secrets": everything}
    assert [name for name in own if f"{min(own[name])}:/secrets:ro" not in SERVICES[name]["volumes"]] == []


@pytest.mark.parametrize("file", ["compose.yaml", "compose.minio.yaml"])
def test_compose_files_are_as_their_specification_has_it(file: str) -> None:
    written = yaml.safe_load((INFRA / file).read_text(encoding="utf-8"))
    found = jsonschema.Draft7Validator(SPECIFICATION).iter_errors(written)
    assert [f"{error.json_path}: {error.message}" for error in found] == []


def test_the_specification_refuses_what_is_misspelt() -> None:
    wrong = {"services": {"web": {"image": "sdc-web", "read_onyl": True}}}
    assert not jsonschema.Draft7Validator(SPECIFICATION).is_valid(wrong)


def test_the_proxy_knows_every_replica_by_its_address() -> None:
    replicas = [service for name, service in SERVICES.items() if name.startswith("web-")]
    addresses = [f"{service['networks']['front']['ipv4_address']}:8000" for service in replicas]
    assert SERVICES["edge"]["environment"]["UPSTREAMS"].split() == addresses
    assert len({service["networks"]["front"]["mac_address"] for service in replicas}) == len(replicas)
    network = ip_network(COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"])
    assert all(ip_address(each.partition(":")[0]) in network for each in addresses)


def test_web_answers_to_the_name_of_each_replica() -> None:
    replicas = {name for name in SERVICES if name.startswith("web-")}
    stack = compose_file.read(INFRA / "compose.yaml", {"SDC_SITE_URL": "https://example.org"})
    assert {stack.services[name].environment["SDC_OTHER_HOSTS"] for name in replicas} == {",".join(sorted(replicas))}
    more = {"SDC_SITE_URL": "https://example.org", "MORE_ADDRESSES": ", https://www.example.org"}
    edge = compose_file.read(INFRA / "compose.yaml", more).services["edge"]
    assert edge.environment["SITE_ADDRESS"] == "https://example.org, https://www.example.org"


def test_the_override_changes_only_services_that_there_are() -> None:
    override = yaml.safe_load((INFRA / "compose.minio.yaml").read_text(encoding="utf-8"))
    assert set(override["services"]) <= set(SERVICES)


def test_caddy_takes_its_configuration(tmp_path: Path) -> None:
    caddy = Path(sys.executable).with_name("caddy")
    done = subprocess.run(
        [caddy, "validate", "--config", INFRA / "caddy" / "Caddyfile"],
        env={"SITE_ADDRESS": "http://localhost", "UPSTREAMS": "127.0.0.1:1 127.0.0.1:2", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert done.returncode == 0, done.stderr


UNITS = sorted((INFRA / "systemd").glob("*.service"))
HARDENED = INFRA / "systemd" / "sdc-.service.d" / "hardened.conf"


def test_the_one_unit_and_those_of_the_parts_are_hardened_alike() -> None:
    one = (INFRA / "systemd" / "sdc.service").read_text(encoding="utf-8")
    lines = one[one.index("User=") : one.index("[Install]")].split()
    assert {line for line in lines if "=" in line} - {"MemoryMax=3G"} == {
        line for line in HARDENED.read_text(encoding="utf-8").split() if re.match(r"[A-Za-z_]+=", line)
    }


def test_web_and_worker_wait_until_what_is_missing_was_brought_back() -> None:
    prepare = (INFRA / "systemd" / "sdc-prepare.service").read_text(encoding="utf-8")
    (mark,) = re.findall(r"^ExecStartPost=/bin/touch (\S+)$", prepare, re.MULTILINE)
    for name in ("sdc-web@.service", "sdc-worker.service"):
        unit = (INFRA / "systemd" / name).read_text(encoding="utf-8")
        assert f"ExecStartPre=/bin/sh -c 'until [ -e {mark} ]; do sleep 1; done'\nTimeoutStartSec=infinity\n" in unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="NOT CHECKED: this machine has no systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=[unit.name for unit in UNITS])
def test_systemd_takes_the_unit_and_finds_it_hardened(tmp_path: Path, unit: Path) -> None:
    shutil.copytree(HARDENED.parent, tmp_path / HARDENED.parent.name)
    for each in UNITS:
        text = each.read_text(encoding="utf-8").replace("/opt/sdc/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / each.name.replace("@.", "@8000.")).write_text(text, encoding="utf-8")
    file = tmp_path / unit.name.replace("@.", "@8000.")
    for arguments in (["verify"], ["security", "--offline=true", "--threshold=20"]):
        done = subprocess.run(
            ["systemd-analyze", *arguments, file], capture_output=True, text=True, timeout=15, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_changed_comes_along_in_every_image_of_web() -> None:
    link = INFRA.parent / "services" / "web" / "src" / "sdc_web" / "CHANGELOG.md"
    assert link.is_symlink()
    assert link.resolve() == INFRA.parent / "CHANGELOG.md"
    # Where the link leads nowhere the wheel is built without it.
    building = [stage for stage in DOCKERFILE.split("\nFROM ") if "COPY services services" in stage]
    assert len(building) == 2
    assert all("COPY CHANGELOG.md .\n" in stage for stage in building)
    assert "!CHANGELOG.md" in (INFRA.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
