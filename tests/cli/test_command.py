"""The command as such: its help, its exit codes, its refusals, its settings table."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from sdc_cli import backup_plan, plan
from sdc_cli.main import SUBCOMMANDS
from sdc_cli.main import sdc as sdc_command
from sdc_cli.settings import as_markdown
from sdc_core.answers.backups import MirrorPlan, PlannedMonth
from sdc_core.webhooks import new_secret

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).resolve().parents[2]
Sdc = Callable[..., subprocess.CompletedProcess[str]]


def test_why_logs_were_not_imported_is_said_of_each_file(sdc: Sdc, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary,\n" * 20)
    (tmp_path / "access.log").write_text('192.0.2.1 - - [24/Nov/2025:10:00:00 +0000] "GET / HTTP/1.1" 200 5\n')
    files = (str(tmp_path / "notes.txt"), str(tmp_path / "access.log"))
    worker = {"SDC_WORKER_URL": "http://127.0.0.1:9", "SDC_WEBHOOK_SECRETS": new_secret()}
    done = sdc("logs", "import", *files, SDC_DATA_DIR=str(tmp_path), **worker)
    assert done.returncode == 1
    assert f"{files[0]}: neither a combined log" in done.stderr
    assert f"{files[1]}: the worker" in done.stderr
    assert "ExceptionGroup" not in done.stderr


def test_help_imports_no_subcommand() -> None:
    heavy = "{'asyncio', 'pydantic', 'aioboto3', 'litestar', 'sdc_web', 'sdc_worker'}"
    script = f"""
import contextlib, sys
from sdc_cli.main import sdc
with contextlib.suppress(SystemExit):
    sdc.main(['--help'])
sys.exit(' '.join({heavy} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize("name", sorted(SUBCOMMANDS))
def test_every_subcommand_has_help(name: str) -> None:
    assert CliRunner().invoke(sdc_command, [name, "--help"]).exit_code == 0


def test_an_unknown_subcommand_is_misuse(sdc: Sdc) -> None:
    assert sdc("fly").returncode == 2


def test_an_unknown_setting_is_refused_in_one_line_without_a_trace(sdc: Sdc) -> None:
    done = sdc("doctor", SDC_WEB_PROT="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "sdc: unknown setting SDC_WEB_PROT: see docs/settings.md for the names\n"


@pytest.mark.parametrize(("setting", "shift"), [("SDC_WEB_PORT", 10), ("SDC_S3_ENDPOINT_URL", 7)])
def test_a_port_in_use_is_named_and_nothing_is_started(
    sdc: Sdc, environment: dict[str, str], processes: Callable[[], list[str]], setting: str, shift: int
) -> None:
    port = int(environment["SDC_S3_ENDPOINT_URL"].rsplit(":")[-1]) + shift
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        done = sdc("up")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"sdc: port {port} is in use: stop what listens there or set {setting}\n"
    assert processes() == []


def test_a_port_taken_where_browsers_look_for_localhost_is_named(sdc: Sdc, environment: dict[str, str]) -> None:
    port = int(environment["SDC_WEB_PORT"])
    with socket.socket(socket.AF_INET6) as squatter:
        squatter.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        squatter.bind(("::1", port))
        squatter.listen()
        done = sdc("up")
    assert done.stderr == f"sdc: port {port} is in use on ::1: stop what listens there or set SDC_WEB_PORT\n"


def test_an_address_of_another_machine_is_not_called_a_port_in_use(sdc: Sdc) -> None:
    done = sdc("up", SDC_WEB_HOST="192.0.2.1")
    assert done.returncode == 1
    assert done.stderr.startswith("sdc: cannot listen on 192.0.2.1, port ")
    assert done.stderr.endswith(" Set SDC_WEB_HOST\n")


def test_preparations_that_fail_say_why_without_a_trace(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "sdc_cli.prepare"]
    wrong = environment | {"SDC_WEB_PROT": "1"}
    done = subprocess.run(command, env=wrong, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr == "unknown setting SDC_WEB_PROT: see docs/settings.md for the names\n"


def test_a_closed_terminal_does_not_change_the_exit_code() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = [sys.executable, "-c", "from sdc_cli.up import say; say('sdc: stopping')"]
        assert subprocess.run(command, stdout=writer, timeout=30, check=False).returncode == 0
    finally:
        os.close(writer)


def test_a_store_elsewhere_needs_keys_from_outside(sdc: Sdc) -> None:
    done = sdc("up", SDC_S3_ENDPOINT_URL="https://store.example.com")
    assert done.returncode == 1
    assert "SDC_S3_ACCESS_KEY_ID" in done.stderr


def test_an_access_key_without_its_secret_is_refused(sdc: Sdc, tmp_path: Path) -> None:
    done = sdc("up", SDC_DATA_DIR=str(tmp_path / "data"), SDC_S3_ACCESS_KEY_ID="alone")
    assert done.returncode == 1
    assert done.stderr == "sdc: SDC_S3_ACCESS_KEY_ID is set, so SDC_S3_SECRET_ACCESS_KEY must be set too\n"


def test_ctrl_c_while_the_command_imports_ends_it_quietly() -> None:
    # The import of what the command needs is where its first tenth of a second goes.
    script = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell runs in the background
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
from sdc_cli.main import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_keys_from_outside_mean_a_store_from_outside(tmp_path: Path) -> None:
    given = {
        "SDC_DATA_DIR": str(tmp_path / "data"),
        "SDC_S3_ENDPOINT_URL": "https://store.example.com",
        "SDC_S3_ACCESS_KEY_ID": "id",
        "SDC_S3_SECRET_ACCESS_KEY": "from outside",
    }
    made = make_plan(given)
    assert made.store is None
    assert made.environment["SDC_S3_SECRET_ACCESS_KEY"] == "from outside"
    assert made.worker.environment["LITESTREAM_SECRET_ACCESS_KEY"] == "from outside"
    assert not list((tmp_path / "data" / "secrets").glob("sdc_s3_*"))


def test_the_secrets_made_at_first_stay_the_same(tmp_path: Path) -> None:
    given = {"SDC_DATA_DIR": str(tmp_path / "data")}
    make_plan(given)
    before = {file.name: file.read_text() for file in (tmp_path / "data" / "secrets").iterdir()}
    make_plan(given)
    assert {file.name: file.read_text() for file in (tmp_path / "data" / "secrets").iterdir()} == before
    assert len(before) == 4


def test_no_secret_is_on_a_command_line(tmp_path: Path) -> None:
    made = make_plan({"SDC_DATA_DIR": str(tmp_path / "data")})
    secrets = [file.read_text() for file in (tmp_path / "data" / "secrets").iterdir()]
    assert made.store is not None
    words = " ".join([*made.web.command, *made.worker.command, *made.store.command])
    assert [secret for secret in secrets if secret in words] == []


def test_authors_without_a_data_folder_are_refused(sdc: Sdc, tmp_path: Path) -> None:
    done = sdc("author", "list", SDC_DATA_DIR=str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert not (tmp_path / "nowhere").exists()


def test_a_login_link_for_a_stranger_is_refused(sdc: Sdc, tmp_path: Path) -> None:
    done = sdc("author", "login-link", "bob", SDC_DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (1, "sdc: there is no author named bob\n")


def test_a_forgotten_password_is_set_anew(sdc: Sdc, tmp_path: Path) -> None:
    assert sdc("author", "add", "ada", SDC_DATA_DIR=str(tmp_path)).returncode == 0
    done = sdc("author", "password", "ada", given="nine lives and a lantern\n", SDC_DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "changed the password of ada\n")


def test_a_weak_password_is_refused(sdc: Sdc, tmp_path: Path) -> None:
    done = sdc("author", "add", "ada", "--password-stdin", given="short\n", SDC_DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "at least" in done.stderr


def test_the_doctor_of_a_stopped_site_fails_with_a_remedy_for_each_failure(sdc: Sdc, tmp_path: Path) -> None:
    done = sdc("doctor", "--json", SDC_DATA_DIR=str(tmp_path))
    failures = [check for check in json.loads(done.stdout) if not check["ok"]]
    assert done.returncode == 1
    assert {"object store", "web", "worker"} <= {check["name"] for check in failures}
    assert all(check["remedy"] for check in failures)


def test_the_table_of_settings_in_the_documentation_is_the_one_in_the_code() -> None:
    assert as_markdown() in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_the_shipped_litestream_configuration_is_the_one_of_infra() -> None:
    shipped = ROOT / "packages" / "sdc_cli" / "src" / "sdc_cli" / "litestream.yml"
    assert shipped.read_bytes() == (ROOT / "infra" / "litestream" / "litestream.yml").read_bytes()


def test_a_plan_survives_being_handed_over() -> None:
    program = plan.Program(["weed", "mini"], "/folder", {"A": "b"}, "/log", plan.Probe("::1", 80, "/"), 9)
    whole = plan.Plan(
        "/data", "http://x", [plan.Port("::1", 80, "SDC_X")], {"A": "b"}, program, program, None, ["/s"], warm=True
    )
    assert plan.read(plan.write(whole)) == whole


def make_plan(given: dict[str, str]) -> plan.Plan:
    """The plan of `sdc up` in that environment."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SDC_")}
    done = subprocess.run(
        [sys.executable, "-m", "sdc_cli.make_plan"],
        env=inherited | given,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return plan.read(done.stdout)


def test_a_plan_tells_the_next_month_and_which_would_be_removed() -> None:
    month = PlannedMonth(
        name="2026-12", objects=1200, bytes=5000, kept=("2026-10", "2026-11"), leaving=("2026-10",), question="why?"
    )
    assert backup_plan.lines(MirrorPlan(buckets=(), question="", month=month)) == [
        "2026-12, the next month: 1,200 objects (5,000 bytes), 2 kept before; it would remove 2026-10",
        "that month would stop: why?",
    ]
