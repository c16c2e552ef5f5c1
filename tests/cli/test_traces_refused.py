"""A collector of traces is set, and what speaks to it is not installed: who starts a site is told so at once."""

import json
import subprocess
import sys

import pytest

LACKS = "import sys; sys.modules['opentelemetry'] = None; sys.argv = ['sdc', *sys.argv[1:]]; "
URL = "http://127.0.0.1:4318"


def run(environment: dict[str, str], code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a Python to which OpenTelemetry is not installed."""
    return subprocess.run(
        [sys.executable, "-c", LACKS + code, *arguments],
        env={**environment, "SDC_TRACES_URL": URL},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "code",
    [
        "from sdc_cli.make_plan import main; main()",
        "sys.argv = ['sdc-web']; from sdc_web.main import main; main()",
        "sys.argv = ['sdc-worker']; from sdc_worker.main import main; main()",
    ],
    ids=["up", "web", "worker"],
)
def test_nothing_starts_and_one_sentence_says_why(environment: dict[str, str], code: str) -> None:
    first = run(environment, "from sdc_cli.main import main; main()", "secrets")
    assert first.returncode == 0, first.stderr
    done = run(environment, code)
    assert done.returncode == 1, done.stderr
    assert "SDC_TRACES_URL is set and OpenTelemetry is not installed" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_doctor_names_the_remedy(environment: dict[str, str]) -> None:
    told = json.loads(run(environment, "from sdc_cli.main import main; main()", "doctor", "--json").stdout)
    checks = told["checks"] if isinstance(told, dict) else told
    (traces,) = [each for each in checks if each["name"] == "traces"]
    assert not traces["ok"]
    assert "--extra traces" in traces["remedy"]
