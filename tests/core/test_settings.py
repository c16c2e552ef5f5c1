import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from sdc_core import settings
from sdc_core.errors import Misconfigured
from sdc_core.settings import Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(autouse=True)
def _only_what_a_test_sets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith("SDC_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _secret_file(folder: Path, name: str, value: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(value, encoding="utf-8")
    return file


def test_nothing_set_gives_the_defaults() -> None:
    loaded = settings.load()
    assert loaded.WEB_PORT == 8000
    assert loaded.site_url == "http://localhost:8000"
    assert loaded.worker_url == "http://127.0.0.1:8001"
    assert loaded.web_url == "http://127.0.0.1:8000"
    assert loaded.log_dir == Path("data/logs/web")
    assert [loaded.site_db, loaded.ttl_db, loaded.worker_db] == [
        Path("data/site.db"),
        Path("data/ttl.db"),
        Path("data/worker.db"),
    ]


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDC_WEB_PORT", "9000")
    assert settings.load().site_url == "http://localhost:9000"


def test_the_env_file_is_read() -> None:
    Path(".env").write_text("SDC_WEB_PORT=9001\nCOMPOSE_PROJECT_NAME=site\n", encoding="utf-8")
    assert settings.load().WEB_PORT == 9001


def test_the_secrets_folder_below_the_data_folder_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SDC_DATA_DIR", str(tmp_path / "d"))
    _secret_file(tmp_path / "d" / "secrets", "sdc_webhook_secrets", f"{SECRET}\n")
    assert settings.load().webhook_secrets == (SECRET,)


def test_a_data_folder_named_in_the_env_file_leads_to_its_secrets(tmp_path: Path) -> None:
    Path(".env").write_text("SDC_DATA_DIR=elsewhere\n", encoding="utf-8")
    _secret_file(tmp_path / "elsewhere" / "secrets", "sdc_github_client_secret", "hush")
    assert settings.load().GITHUB_CLIENT_SECRET.get_secret_value() == "hush"


def test_another_secrets_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SDC_SECRETS_DIR", str(tmp_path / "s"))
    _secret_file(tmp_path / "s", "sdc_s3_secret_access_key", "hush")
    loaded = settings.load()
    assert loaded.S3_SECRET_ACCESS_KEY.get_secret_value() == "hush"
    assert loaded.secrets_dir == tmp_path / "s"


def test_the_environment_outranks_the_env_file_and_that_the_secrets_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sdc_web_port", "sdc_worker_port", "sdc_ping_url"):
        _secret_file(Path("data/secrets"), name, "https://secret.example" if "url" in name else "1111")
    Path(".env").write_text("SDC_WEB_PORT=2222\nSDC_WORKER_PORT=2222\n", encoding="utf-8")
    monkeypatch.setenv("SDC_WEB_PORT", "3333")
    loaded = settings.load()
    assert (loaded.WEB_PORT, loaded.WORKER_PORT, loaded.PING_URL) == (3333, 2222, "https://secret.example")


def test_arguments_outrank_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDC_WEB_PORT", "3333")
    assert Settings(WEB_PORT=4444).WEB_PORT == 4444


@pytest.mark.parametrize("name", ["SDC_WEB_PROT", "sdc_web_prot", "SDC_"])
def test_a_misspelt_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "9000")
    with pytest.raises(Misconfigured, match=f"unknown setting {name.upper()}:"):
        settings.load()


def test_a_misspelt_line_of_the_env_file_is_refused_by_name() -> None:
    Path(".env").write_text("SDC_WEB_PROT=1\nsdc_other=2\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match="SDC_OTHER, SDC_WEB_PROT"):
        settings.load()


def test_a_misspelt_secret_file_is_refused_by_name() -> None:
    _secret_file(Path("data/secrets"), "sdc_webhook_secret", SECRET)
    with pytest.raises(Misconfigured, match="SDC_WEBHOOK_SECRET:"):
        settings.load()


def test_files_of_others_in_the_secrets_folder_are_let_be() -> None:
    _secret_file(Path("data/secrets"), "litestream.key", "x")
    assert settings.load().WEB_PORT == 8000


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_a_variable_set_to_nothing_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"SDC_{name}", "")
    assert getattr(settings.load(), name) == Settings.model_fields[name].default


def test_an_empty_line_of_the_env_file_counts_as_not_set() -> None:
    Path(".env").write_text("SDC_GEOIP_DB=\nSDC_WEB_PORT=\nSDC_PING_URL\nSDC_DATA_DIR=\n", encoding="utf-8")
    loaded = settings.load()
    assert (None, 8000, "", Path("data")) == (loaded.GEOIP_DB, loaded.WEB_PORT, loaded.PING_URL, loaded.DATA_DIR)


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDC_GITHUB_ALLOWED_IDS", "1, 22,")
    monkeypatch.setenv("SDC_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8, ::1")
    monkeypatch.setenv("SDC_WEBHOOK_SECRETS", f"{SECRET},{SECRET}")
    loaded = settings.load()
    assert loaded.GITHUB_ALLOWED_IDS == (1, 22)
    assert loaded.TRUSTED_PROXIES == ("127.0.0.1", "10.0.0.0/8", "::1")
    assert loaded.webhook_secrets == (SECRET, SECRET)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_PORT", "0"),
        ("WEB_PORT", "70000"),
        ("WEB_PORT", "eighty"),
        ("WEB_PROCESSES", "0"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_RETENTION_DAYS", "1"),
        ("SITE_URL", "example.org"),
        ("REMOTE_DAILY_ENDPOINT_URL", "s3://bucket"),
        ("PING_URL", "ping.example"),
        ("S3_MEDIA_BUCKET", "m"),
        ("GITHUB_ALLOWED_IDS", "1,octocat"),
        ("TRUSTED_PROXIES", "the-proxy"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SDC_{name}", value)
    with pytest.raises(Misconfigured, match=f"^SDC_{name}: "):
        settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "https://example.org"),
        ("SITE_URL", "http://localhost.example.org"),
        ("SITE_URL", "http://127.0.0.1.example.org"),
        ("SITE_URL", "http://192.168.1.2:8000"),
        ("WEB_HOST", "0.0.0.0"),
        ("WEB_HOST", "::"),
        ("WEB_HOST", ""),
        ("WEB_PROCESSES", "2"),
    ],
)
def test_the_made_up_github_is_refused_where_others_could_reach_it(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="GITHUB_MOCK"):
        Settings(GITHUB_MOCK=True, _env_file=None, **{name: value})  # ty: ignore[invalid-argument-type]


@pytest.mark.parametrize("address", ["", "http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_the_made_up_github_is_there_on_a_site_of_this_machine(address: str) -> None:
    assert Settings(GITHUB_MOCK=True, SITE_URL=address, _env_file=None).GITHUB_MOCK


@pytest.mark.parametrize(
    ("name", "value"),
    [("SITE_URL", "https://example.org"), ("SITE_URL", "https://localhost"), ("WEB_HOST", "0.0.0.0")],
)
def test_the_page_for_developers_is_refused_where_others_read(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="DEBUG_PAGE"):
        Settings(DEBUG_PAGE=True, _env_file=None, **{name: value})  # ty: ignore[invalid-argument-type]


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDC_WEB_PORT", "0")
    monkeypatch.setenv("SDC_SITE_URL", "example.org")
    with pytest.raises(Misconfigured) as refused:
        settings.load()
    assert {line.split(":")[0] for line in str(refused.value).splitlines()} == {"SDC_WEB_PORT", "SDC_SITE_URL"}


def test_a_slash_at_the_end_of_an_address_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDC_SITE_URL", "https://example.org/")
    assert settings.load().site_url == "https://example.org"


@pytest.mark.parametrize(
    "said", ["https://example.org/blog/", "https://example.org?a=b", "https://ada@example.org", "https://"]
)
def test_a_site_has_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("SDC_SITE_URL", said)
    with pytest.raises(
        Misconfigured, match=r"SDC_SITE_URL: .* and name a host alone: .* such as https://blog\.example\.org"
    ):
        settings.load()
    monkeypatch.setenv("SDC_SITE_URL", "https://example.org:8443")
    assert settings.load().site_url == "https://example.org:8443"


def test_a_secret_never_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEBHOOK_SECRETS", "S3_SECRET_ACCESS_KEY", "REMOTE_DAILY_SECRET_ACCESS_KEY", "GITHUB_CLIENT_SECRET"):
        monkeypatch.setenv(f"SDC_{name}", SECRET)
    loaded = settings.load()
    shown = f"{loaded} {loaded!r} {loaded.model_dump()} {loaded.model_dump_json()} {list(loaded)} {vars(loaded)}"
    assert SECRET not in shown


def test_every_secret_name_is_of_a_type_that_does_not_print() -> None:
    named = [name for name in Settings.model_fields if "SECRET" in name and name != "SECRETS_DIR"]
    assert {name for name in named if "SecretStr" not in str(Settings.model_fields[name].annotation)} == set()


def test_a_wrong_value_is_not_repeated_for_it_may_be_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDC_WEB_PORT", SECRET)
    monkeypatch.setenv("SDC_SITE_URL", SECRET)
    monkeypatch.setenv("SDC_LOG_LEVEL", SECRET)
    with pytest.raises(Misconfigured) as refused:
        settings.load()
    assert SECRET not in str(refused.value)
    with pytest.raises(ValidationError) as raw:
        Settings()
    assert SECRET not in str(raw.value)


def test_a_missing_webhook_secret_is_explained_when_it_is_needed() -> None:
    with pytest.raises(Misconfigured, match=r"SDC_WEBHOOK_SECRETS is not set.*data/secrets/sdc_webhook_secrets"):
        _ = settings.load().webhook_secrets


def test_an_empty_secret_file_counts_as_no_secret() -> None:
    _secret_file(Path("data/secrets"), "sdc_webhook_secrets", "\n")
    with pytest.raises(Misconfigured, match="SDC_WEBHOOK_SECRETS is not set"):
        _ = settings.load().webhook_secrets


def test_a_file_that_is_no_text_is_refused_in_words() -> None:
    _secret_file(Path("data/secrets"), "sdc_webhook_secrets", "").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Misconfigured, match=r"cannot be read: .*WEBHOOK_SECRETS"):
        settings.load()


def test_an_env_file_that_is_no_text_is_refused_in_words() -> None:
    Path(".env").write_bytes(b"SDC_WEB_PORT=\xff\n")
    with pytest.raises(Misconfigured, match="not UTF-8"):
        settings.load()


@pytest.mark.parametrize("line", ["web port", 'SDC_WEB_PORT="9000'])
def test_a_line_of_the_env_file_that_cannot_be_read_is_refused_by_number(line: str) -> None:
    Path(".env").write_text(f"# ours\n\nSDC_WEB_HOST=127.0.0.1\n{line}\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"\.env cannot be read in line 4: "):
        settings.load()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings.load(), "WEB_PORT", 1)  # noqa: B010 - the type checker refuses the plain form, as it should


def test_every_setting_has_a_help_text() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_child_service_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _secret_file(tmp_path / "s", "sdc_github_client_secret", "hush")
    monkeypatch.setenv("SDC_S3_SECRET_ACCESS_KEY", "from the environment")
    monkeypatch.setenv("SDC_SECRETS_DIR", str(tmp_path / "s"))
    monkeypatch.setenv("SDC_TRUSTED_PROXIES", "127.0.0.1,::1")
    ours = settings.load().model_copy(update={"WEB_PORT": 8000})
    Path(".env").write_text("SDC_WEB_PORT=1234\n", encoding="utf-8")
    program = (
        "from sdc_core.settings import load; s = load(); "
        "print(s.WEB_PORT, s.TRUSTED_PROXIES, s.GITHUB_CLIENT_SECRET.get_secret_value(), "
        "s.S3_SECRET_ACCESS_KEY.get_secret_value())"
    )
    child = subprocess.run(
        [sys.executable, "-c", program],
        env=settings.environment(ours),
        capture_output=True,
        text=True,
        check=True,
        timeout=15,
    )
    assert child.stdout == "8000 ('127.0.0.1', '::1') hush from the environment\n"


def test_a_childs_environment_holds_no_secret_that_ours_does_not_hold() -> None:
    _secret_file(Path("data/secrets"), "sdc_github_client_secret", "a secret of a file")
    assert "a secret of a file" not in str(settings.environment(settings.load()))
