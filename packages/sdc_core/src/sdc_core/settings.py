"""Every setting of every service, in one table, and the one place that reads the environment.

One machine has one `.env` and one secrets folder, so one class can refuse a misspelt name whichever service starts
first (`docs/decisions/0002-one-settings-table.md`). Sources, strongest first: keyword arguments, `SDC_*` variables,
`.env` in the working folder, files named `sdc_*` in the secrets folder, the defaults below.
"""

import os
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from sdc_core.errors import Misconfigured

PREFIX = "SDC_"
_MAIL = r"^([^@\s,<>]+@[^@\s,<>]+|)$"
_HOST_ALONE = " and name a host alone: a site begins at the root of its name, such as https://blog.example.org"
Host = Annotated[str, Field(pattern=r"^([\w.-]+|[0-9A-Fa-f:.]+)$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """What a person may set. Secrets are `SecretStr`: they do not print."""

    model_config = SettingsConfigDict(
        # A variable that is set to nothing counts as not set: compose files pass on what they have not got.
        env_prefix=PREFIX,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    DATA_DIR: Path = Field(Path("data"), description="Folder of the databases, secrets, logs and embedded store.")
    SECRETS_DIR: Path | None = Field(
        None, description="Folder with one file per secret, such as `sdc_webhook_secrets`. Unset: `DATA_DIR/secrets`."
    )
    LOG_DIR: Path | None = Field(None, description="Folder of the access logs. Unset: `DATA_DIR/logs/web`.")
    LOG_RETENTION_DAYS: int = Field(30, ge=7, le=3650, description="Days an access log file is kept once shipped.")
    LOG_ADDRESSES: Literal["none", "truncated"] = Field(
        "none",
        description="What the access log keeps of addresses. `truncated`, to look for a fault: the network, as "
        "`203.0.113.0` or `2001:db8:1::`; it goes when the file does, and reaches no statistics.",
    )
    LOG_LEVEL: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe level that is logged."
    )

    TRACES_URL: str = Field(
        "",
        description="Collector that is sent traces by OTLP over HTTP, as `http://127.0.0.1:4318`. Needs `--extra "
        "traces`. Unset: none are made.",
    )

    SITE_URL: str = Field("", description="Public address of the site, no path. Unset: `http://localhost:WEB_PORT`.")
    AI_CRAWLERS: Literal["allow", "answer", "refuse"] = Field(
        "allow", description="What robots.txt tells them: all may read, only those that answer questions, or none."
    )
    CDN_SECONDS: int = Field(
        0,
        ge=0,
        le=86_400,
        description="How long a CDN in front may serve a page or feed without asking, in seconds; browsers always ask.",
    )
    SECURITY_CONTACT: str = Field(
        "",
        pattern="^(mailto:|https://|tel:|$)",
        description="Contact in `/.well-known/security.txt`. Unset: no such file.",
    )
    WEBSUB_HUB: str = Field(
        "",
        pattern=r"^(https://|http://127\.0\.0\.1[:/]|$)",
        description="WebSub hub that is told of new and changed posts, and named in feeds. Unset: none.",
    )
    INDEXNOW_KEY: str = Field(
        "",
        pattern="^([A-Za-z0-9-]{8,128}|)$",
        description="Key of your choice, 8 to 128 letters, digits and hyphens: search engines that know IndexNow "
        "are told of changes. Unset: they are not.",
    )
    WEB_HOST: str = Field("127.0.0.1", description="Address on which web listens.")
    WEB_PORT: Port = Field(8000, description="Port on which web listens.")
    OTHER_HOSTS: Annotated[tuple[Host, ...], NoDecode] = Field(
        (),
        description="Comma-separated names beside that of `SITE_URL` under which the site may be asked, as a proxy's. "
        "Under any other it answers 421.",
    )
    WEB_PROCESSES: int = Field(1, ge=1, le=64, description="Processes of web on this machine.")
    WEB_LEAVE_S: int = Field(
        0,
        ge=0,
        le=60,
        description="Seconds for which a web that is told to stop still serves while `/health/live` says 503, so that "
        "a proxy turns to another replica first. 0: it stops at once.",
    )
    TRUSTED_PROXIES: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated addresses or networks whose `X-Forwarded-For` is believed."
    )

    WORKER_HOST: str = Field("127.0.0.1", description="Address on which the worker listens.")
    WORKER_PORT: Port = Field(8001, description="Port on which the worker listens.")
    WORKER_URL: str = Field("", description="Where web finds the worker. Unset: `http://127.0.0.1:WORKER_PORT`.")
    WEB_URL: str = Field("", description="Where the worker finds web. Unset: `http://127.0.0.1:WEB_PORT`.")
    WEBHOOK_SECRETS: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Comma-separated `whsec_...` secrets, newest first: each signs and verifies."
    )

    WEBHOOKS_PRIVATE: bool = Field(
        default=False,
        description="Whether webhooks may go to addresses of this machine and its network, and without TLS.",
    )

    S3_ENDPOINT_URL: str = Field("http://127.0.0.1:8333", description="The object store.")
    S3_ACCESS_KEY_ID: str = Field("", description="Its access key.")
    S3_SECRET_ACCESS_KEY: SecretStr = Field(SecretStr(""), description="Its secret key.")
    S3_REGION: str = Field("us-east-1", description="Its region.")
    S3_MEDIA_BUCKET: str = Field("media", min_length=3, max_length=63, description="Bucket of originals and variants.")
    S3_BACKUP_BUCKET: str = Field("backups", min_length=3, max_length=63, description="Bucket of database replicas.")
    S3_ANALYTICS_BUCKET: str = Field("analytics", min_length=3, max_length=63, description="Bucket of sealed days.")

    REMOTE_DAILY_ENDPOINT_URL: str = Field("", description="S3 endpoint of the daily mirror. Unset: no mirror.")
    REMOTE_DAILY_ACCESS_KEY_ID: str = Field("", description="Its access key.")
    REMOTE_DAILY_SECRET_ACCESS_KEY: SecretStr = Field(SecretStr(""), description="Its secret key.")
    REMOTE_DAILY_REGION: str = Field("us-east-1", description="Its region.")
    REMOTE_DAILY_BUCKET: str = Field("", description="Its bucket.")
    REMOTE_DAILY_LOCK_DAYS: int = Field(
        0,
        ge=0,
        le=3650,
        description="Days for which nobody can destroy what was copied there. Its bucket needs Object Lock.",
    )
    REMOTE_MONTHLY_ENDPOINT_URL: str = Field("", description="S3 endpoint of the monthly mirror. Unset: no mirror.")
    REMOTE_MONTHLY_ACCESS_KEY_ID: str = Field("", description="Its access key.")
    REMOTE_MONTHLY_SECRET_ACCESS_KEY: SecretStr = Field(SecretStr(""), description="Its secret key.")
    REMOTE_MONTHLY_REGION: str = Field("us-east-1", description="Its region.")
    REMOTE_MONTHLY_BUCKET: str = Field("", description="Its bucket.")
    REMOTE_MONTHLY_LOCK_DAYS: int = Field(0, ge=0, le=3650, description="The same for its bucket.")
    REMOTE_MONTHLY_RETENTION_MONTHS: int = Field(0, ge=0, le=1200, description="So many newest months stay. 0: all.")
    MIRROR_KIB_PER_S: int = Field(
        0, ge=0, description="Most KiB a second that the mirrors send, so that readers keep their share. 0: no limit."
    )

    IMAGE_PROCESSES: int = Field(
        0, ge=0, le=64, description="Processes of the image pool. 0: one for each usable core."
    )
    DASK_SCHEDULER: str = Field(
        "",
        pattern=r"^((tcp|tls)://\S+|)$",
        description="Dask scheduler, as `tcp://host:8786`: its cluster makes the sizes of pictures, `IMAGE_PROCESSES` "
        "at once. Needs `--extra dask`. Unset: the worker's own processes.",
    )
    MEDIA_URL: str = Field(
        "",
        pattern=r"^(https?://[^\s;,'\"<>?#\\]+|)$",
        description="Where readers fetch pictures: the public address of the media bucket's `variants/`, or of a CDN "
        "that asks web's `/media/`. Unset: web's own `/media/`.",
    )
    GITHUB_CLIENT_ID: str = Field(
        "",
        description="Sign-in with GitHub: the id of your OAuth app; its callback is `SITE_URL/author/github/callback`.",
    )
    GITHUB_CLIENT_SECRET: SecretStr = Field(SecretStr(""), description="The secret of that app.")
    GITHUB_ALLOWED_IDS: Annotated[tuple[int, ...], NoDecode] = Field(
        (), description="Comma-separated numbers of the GitHub accounts that may sign in (`api.github.com/users/NAME`)."
    )
    GITHUB_MOCK: bool = Field(
        default=False,
        description="For development: a made-up GitHub with people to choose from. Only on a site of this machine.",
    )
    DEBUG_PAGE: bool = Field(
        default=False,
        description="For development: `/author/debug` tells what web does and holds. Only on a site of this machine.",
    )
    PING_URL: str = Field("", description="Address fetched after each good restore drill (a dead man's switch).")
    JOB_PING_URLS: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Comma-separated `job=address`, fetched after each good run of the job; with `/start` added when "
        "one begins, with `/fail` when one fails.",
    )
    JOB_ZONE: str = Field("UTC", description="IANA time zone of all schedules of jobs, such as `Europe/Berlin`.")
    JOB_CRONS: str = Field(
        "", description="Other schedules, as `job=five fields` with `;` between: `mirror.daily=0 5 * * *`."
    )
    SMTP_URL: SecretStr = Field(
        SecretStr(""),
        description="Mail server for alerts: `smtp://name:password@host:587` (STARTTLS) or `smtps://...`. "
        "Unset: no mail.",
    )
    ALERT_MAIL_TO: str = Field("", pattern=_MAIL, description="Who is mailed when a job fails and when it works again.")
    ALERT_MAIL_FROM: str = Field("", pattern=_MAIL, description="Sender of alerts. Unset: `ALERT_MAIL_TO`.")
    GEOIP_DB: Path | None = Field(None, description="An own `.mmdb` file for countries. Unset: the built-in table.")

    @field_validator(
        *("OTHER_HOSTS", "TRUSTED_PROXIES", "WEBHOOK_SECRETS", "GITHUB_ALLOWED_IDS", "JOB_PING_URLS"), mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("TRUSTED_PROXIES")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network, strict=False)
        return value

    @field_validator(
        "TRACES_URL",
        "SITE_URL",
        "WORKER_URL",
        "WEB_URL",
        "S3_ENDPOINT_URL",
        "REMOTE_DAILY_ENDPOINT_URL",
        "REMOTE_MONTHLY_ENDPOINT_URL",
        "MEDIA_URL",
        "PING_URL",
    )
    @classmethod
    def _address(cls, value: str, info: ValidationInfo) -> str:
        is_site = info.field_name == "SITE_URL"
        if value and not re.match(r"https?://[^/?#@]+/*$" if is_site else "https?://", value):
            message = f"must begin with http:// or https://{_HOST_ALONE if is_site else ''}"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("JOB_PING_URLS")
    @classmethod
    def _pings(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[a-z_]+\.[a-z_]+=https?://[^\s/]\S*", pair) for pair in value):
            message = "must be written as job=https://..., with commas between"
            raise ValueError(message)
        return value

    @field_validator("SMTP_URL")
    @classmethod
    def _mail_server(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            message = "must begin with smtp:// or smtps:// and name a host"
            raise ValueError(message)
        return value

    @field_validator("GITHUB_MOCK", "DEBUG_PAGE")
    @classmethod
    def _only_here(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - as pydantic calls it
        """Whoever can reach the made-up GitHub can be anybody; the other tells what nobody elsewhere needs."""
        site = urlsplit(info.data.get("SITE_URL", "")).hostname or "localhost"
        if value and not (_is_loopback(site) and _is_loopback(info.data.get("WEB_HOST", ""))):
            message = "is for development: SDC_SITE_URL and SDC_WEB_HOST must be localhost or 127.0.0.1"
            raise ValueError(message)
        if value and info.field_name == "DEBUG_PAGE" and info.data.get("SITE_URL", "").startswith("https:"):
            message = "is for development: not beside an address with TLS (SDC_SITE_URL)"
            raise ValueError(message)
        if value and info.field_name == "GITHUB_MOCK" and info.data.get("WEB_PROCESSES", 1) > 1:
            message = "keeps its codes in one process: SDC_WEB_PROCESSES must be 1"
            raise ValueError(message)
        return value

    @property
    def secrets_dir(self) -> Path:
        """The secrets folder in use."""
        return self.SECRETS_DIR or self.DATA_DIR / "secrets"

    @property
    def log_dir(self) -> Path:
        """The folder of the access logs in use; one folder per slot below it."""
        return self.LOG_DIR or self.DATA_DIR / "logs" / "web"

    @property
    def site_url(self) -> str:
        """The site's public address, without a trailing slash."""
        return self.SITE_URL or f"http://localhost:{self.WEB_PORT}"

    @property
    def worker_url(self) -> str:
        """The address at which web calls the worker."""
        return self.WORKER_URL or f"http://127.0.0.1:{self.WORKER_PORT}"

    @property
    def web_url(self) -> str:
        """The address at which the worker calls web's hooks."""
        return self.WEB_URL or f"http://127.0.0.1:{self.WEB_PORT}"

    @property
    def site_db(self) -> Path:
        """Content, authors and settings: replicated."""
        return self.DATA_DIR / "site.db"

    @property
    def ttl_db(self) -> Path:
        """Rows that expire: never backed up."""
        return self.DATA_DIR / "ttl.db"

    @property
    def factors_key(self) -> Path:
        """The key of second factors, which no backup holds."""
        return self.DATA_DIR / "factors.key"

    @property
    def worker_db(self) -> Path:
        """Runs, deliveries, log offsets and batches: replicated."""
        return self.DATA_DIR / "worker.db"

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The signing secrets in the clear, newest first; raises Misconfigured where there is none."""
        if not self.WEBHOOK_SECRETS:
            message = (
                "SDC_WEBHOOK_SECRETS is not set: start once with `sdc up`, which makes one, or put a whsec_... secret "
                f"into {self.secrets_dir / 'sdc_webhook_secrets'}"
            )
            raise Misconfigured(message)
        return tuple(secret.get_secret_value() for secret in self.WEBHOOK_SECRETS)


def load(env_file: Path | None = Path(".env")) -> Settings:
    """Settings from the environment, checked whole; Misconfigured names every wrong or unknown one, a line for each."""
    try:
        written = _env_file(env_file) if env_file is not None and env_file.is_file() else {}
        named = {name.upper(): value for name, value in [*written.items(), *os.environ.items()] if value}
        data_dir = Path(named.get("SDC_DATA_DIR", "data"))
        secrets_dir = Path(named.get("SDC_SECRETS_DIR", data_dir / "secrets"))
        files = [file.name.upper() for file in secrets_dir.iterdir()] if secrets_dir.is_dir() else []
        _refuse_unknown({*files, *(name.upper() for name in [*written, *os.environ])})
        return Settings(_env_file=env_file if written else None, _secrets_dir=secrets_dir if files else None)
    except ValidationError as error:
        raise Misconfigured("\n".join(_lines(error))) from None
    except UnicodeDecodeError:
        message = f"{env_file} is not UTF-8"
        raise Misconfigured(message) from None
    except SettingsError as error:
        message = f"a setting cannot be read: {error} ({type(error.__cause__).__name__})"
        raise Misconfigured(message) from None
    except OSError as error:
        message = f"a setting cannot be read: {error}"
        raise Misconfigured(message) from None


def environment(settings: Settings) -> dict[str, str]:
    """The environment for a child service: this process's own, with every value of `settings` that is not a secret.

    Defaults are written out as well, for the child may find an `.env` that says otherwise. A secret that this process
    has in its environment stays there.
    """
    child = {name: value for name, value in os.environ.items() if name.upper() not in _PUBLIC}
    for name in sorted(_PUBLIC):
        value = getattr(settings, name.removeprefix(PREFIX))
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        if value is not None and text:
            child[name] = text
    child["SDC_SECRETS_DIR"] = str(settings.secrets_dir)
    return child


def _env_file(file: Path) -> dict[str, str | None]:
    """Its variables. A line that cannot be read would otherwise be passed over, and a default stand in its place."""
    with file.open(encoding="utf-8") as text:
        unread = [str(line.original.line) for line in parse_stream(text) if line.error]
    if unread:
        message = f"{file} cannot be read in line {', '.join(unread)}: write NAME=value, with both quotes or none"
        raise Misconfigured(message)
    return dotenv_values(file, encoding="utf-8")


def _refuse_unknown(names: set[str]) -> None:
    unknown = sorted(
        {name for name in names if name.startswith(PREFIX)} - {PREFIX + name for name in Settings.model_fields}
    )
    if unknown:
        message = f"unknown setting {', '.join(unknown)}: see docs/settings.md for the names"
        raise Misconfigured(message)


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _lines(error: ValidationError) -> list[str]:
    """One line per fault, without the value: it may be a secret."""
    faults = error.errors(include_input=False, include_url=False)
    return [f"{PREFIX}{str(fault['loc'][0]).upper().removeprefix(PREFIX)}: {fault['msg']}" for fault in faults]


_PUBLIC = frozenset(
    PREFIX + name for name, field in Settings.model_fields.items() if "SecretStr" not in str(field.annotation)
)
