"""What ./dev makes of the machine it runs on, with a uv that tells what it was given in place of the real one."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = """#!/bin/sh
if [ "$1" = --version ]; then echo uv 0.13.9; exit; fi
echo "cache ${UV_CACHE_DIR:-where uv puts it}"
exit ${SYNC_CODE:-1}
"""
NO_LIBRARY = "#!/bin/sh\necho libatomic.so.1: cannot open shared object file >&2\nexit 127\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of which only ./dev exists, with `bin/uv`."""
    folder = tmp_path / "a clone"
    (folder / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "dev", folder / "dev")
    program(folder / "bin" / "uv", UV)
    return folder


def program(file: Path, script: str) -> None:
    """Write an executable script."""
    file.write_text(script, encoding="utf-8")
    file.chmod(0o755)


def dev(clone: Path, command: str = "up", **environment: str) -> subprocess.CompletedProcess[str]:
    """`./dev COMMAND`, as far as the first thing that fails."""
    path = f"{clone / 'bin'}:/usr/bin:/bin"
    return subprocess.run(
        [clone / "dev", command],
        env={"PATH": path, **environment},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )


def test_a_home_that_can_be_written_holds_the_cache(clone: Path, tmp_path: Path) -> None:
    assert dev(clone, HOME=str(tmp_path)).stdout == "cache where uv puts it\n"


def test_a_home_that_cannot_be_written_leaves_the_cache_to_the_clone(clone: Path) -> None:
    assert dev(clone, HOME="/proc/nobody").stdout == f"cache {clone}/.uv/cache\n"


def test_a_cache_that_was_chosen_is_left_alone(clone: Path) -> None:
    assert dev(clone, HOME="/proc/nobody", UV_CACHE_DIR="/elsewhere").stdout == "cache /elsewhere\n"


def test_no_home_at_all_is_no_failure(clone: Path) -> None:
    done = dev(clone)
    assert done.stdout == "cache where uv puts it\n"
    assert done.stderr.endswith("dev: could not set up .venv; the lines above say why\n")


def test_a_playwright_without_its_library_is_explained_before_any_test(clone: Path, tmp_path: Path) -> None:
    program(clone / "bin" / "id", "#!/bin/sh\necho 1000\n")
    program(clone / "bin" / "playwright", NO_LIBRARY)
    done = dev(clone, "test", HOME=str(tmp_path), SYNC_CODE="0", CHROMIUM_PATH="/bin/true")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-2:] == [
        "libatomic.so.1: cannot open shared object file",
        "dev: Playwright does not run here (Debian: apt-get install libatomic1)",
    ]


@pytest.mark.parametrize(
    ("apt_get", "kept", "said"),
    [("echo >prometheus_1.deb", ["promtool"], ""), ("exit 100", [], "three tests of what Prometheus is given are")],
)
def test_promtool_is_taken_out_of_its_package_or_done_without(
    clone: Path, apt_get: str, kept: list[str], said: str
) -> None:
    for name in ("sh", "dirname", "mkdir", "mv", "rm", "uname", "python3"):
        found = shutil.which(name, path="/usr/bin:/bin")
        assert found
        (clone / "bin" / name).symlink_to(found)
    program(clone / "bin" / "apt-get", f"#!/bin/sh\n{apt_get}\n")
    program(clone / "bin" / "dpkg-deb", "#!/bin/sh\nmkdir -p usr/bin && echo >usr/bin/promtool\n")
    for name in ("playwright", "pytest"):
        program(clone / "bin" / name, "#!/bin/sh\n")
    program(clone / "bin" / "id", "#!/bin/sh\necho 1000\n")
    done = dev(clone, "test", PATH=str(clone / "bin"), SYNC_CODE="0", CHROMIUM_PATH="/bin/true")
    assert done.returncode == 0, done.stderr
    assert [file.name for file in (clone / ".uv").iterdir()] == kept
    assert said in done.stderr
