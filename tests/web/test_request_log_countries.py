from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from sdc_core.errors import Misconfigured
from sdc_core.settings import Settings
from sdc_core.webhooks import new_secret
from sdc_web import main
from sdc_web.app import build
from sdc_web.db import Databases
from sdc_web.request_log.countries import open_countries
from sdc_web.sessions import signed_in

from signing_in import make_author, sign_in

UINT16, UINT32, MAP = 5, 6, 7
SWISS = {"country": {"iso_code": "CH"}}


def field(value: object, kind: int = UINT16) -> bytes:
    """A value of a MaxMind database, shorter than 29 bytes."""
    match value:
        case str():
            return bytes([2 << 5 | len(value)]) + value.encode()
        case int():
            raw = value.to_bytes(4 if kind == UINT32 else 2, "big")
            return bytes([kind << 5 | len(raw)]) + raw
        case dict():
            parts = (
                field(name) + field(each, UINT32 if name == "node_count" else UINT16) for name, each in value.items()
            )
            return bytes([MAP << 5 | len(value)]) + b"".join(parts)
    raise AssertionError


def database(folder: Path, record: object) -> Path:
    """A database of one node: every IPv4 address below 128.0.0.0 has the record, every other has none."""
    tree = (1 + 16).to_bytes(3, "big") + (1).to_bytes(3, "big")
    metadata = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1,
        "database_type": "Test",
        "description": {},
        "ip_version": 4,
        "node_count": 1,
        "record_size": 24,
    }
    path = folder / "countries.mmdb"
    # The languages are a list, whose type does not fit into three bits.
    written = bytearray(field(metadata) + field("languages") + bytes([0, 4]))
    written[0] += 1
    path.write_bytes(tree + bytes(16) + field(record) + b"\xab\xcd\xefMaxMind.com" + written)
    return path


@pytest.mark.parametrize("record", [SWISS, {"country": "CH"}, {"country": "Switzerland", "country_code": "CH"}])
def test_an_own_file_names_the_country(tmp_path: Path, record: dict[str, object]) -> None:
    assert open_countries(database(tmp_path, record))("1.2.3.4") == "CH"


@pytest.mark.parametrize("address", ["200.1.2.3", "2001:db8::1", "no address", ""])
def test_what_an_own_file_does_not_know_has_no_country(tmp_path: Path, address: str) -> None:
    assert not open_countries(database(tmp_path, SWISS))(address)


def test_a_record_without_a_country_has_none(tmp_path: Path) -> None:
    assert not open_countries(database(tmp_path, {"city": "Bern"}))("1.2.3.4")


def test_without_an_own_file_the_built_in_table_answers() -> None:
    assert (open_countries(None)("130.59.31.80"), open_countries(None)("127.0.0.1")) == ("CH", "")


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), (b"garbage", "is no MaxMind database")])
def test_a_file_that_cannot_be_used_stops_web_at_its_start_in_one_line(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "mine.mmdb"
    if content is not None:
        file.write_bytes(content)
    settings = Settings(DATA_DIR=tmp_path, WEBHOOK_SECRETS=(new_secret(),), GEOIP_DB=file, _env_file=None)
    with pytest.raises(Misconfigured, match=f"^SDC_GEOIP_DB: {file} {words}[^\n]*$"):
        main.prepare(settings)


async def test_a_session_begins_in_the_country_that_an_own_file_names(
    settings: Settings, databases: Databases, running: Callable[..., AbstractAsyncContextManager[None]], tmp_path: Path
) -> None:
    app = build(settings.model_copy(update={"GEOIP_DB": database(tmp_path, SWISS)}))
    author = await make_author(databases)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))  # ty: ignore[invalid-argument-type]
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        await sign_in(client)
    (session,) = await signed_in.listing(databases, author.id)
    assert session.country == "CH"
