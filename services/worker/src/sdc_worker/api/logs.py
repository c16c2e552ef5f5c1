"""Ranges of the access log in."""

from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from sdc_core.answers.logs import Committed, Streams
from sdc_core.sqlite import Database

from sdc_worker.api.signed import JSON_BYTES, read_json
from sdc_worker.ingest import packing, streams
from sdc_worker.ingest.packing import Encoding
from sdc_worker.ingest.streams import Closing, Intake
from sdc_worker.problems import UnsupportedMediaType


@get("/logs")
async def index(database: NamedDependency[Database], since: FromQuery[str | None] = None) -> Streams:
    """What is committed of which file."""
    return Streams(streams=await streams.known(database, since=since))


@put("/logs/{slot:str}/{day:str}", request_max_body_size=packing.MAX_BYTES)
async def append(
    request: Request[object, object, State],
    slot: FromPath[str],
    day: FromPath[str],
    at: FromQuery[int],
    intake: NamedDependency[Intake],
) -> Committed:
    """Commit a range and answer the stream's length."""
    encoding = _encoding(request.headers.get("content-encoding", ""))
    return await intake.append(slot=slot, day=day, at=at, body=await request.body(), encoding=encoding)


@post("/logs/{slot:str}/{day:str}/close", status_code=200, request_max_body_size=JSON_BYTES)
async def close(
    request: Request[object, object, State],
    slot: FromPath[str],
    day: FromPath[str],
    database: NamedDependency[Database],
) -> Committed:
    """Prove a day's file whole."""
    return await streams.close(database, slot=slot, day=day, closing=await read_json(request, Closing))


def _encoding(sent: str) -> Encoding:
    match sent.strip().lower():
        case "" | "identity":
            return ""
        case "gzip":
            return "gzip"
        case "zstd":
            return "zstd"
        case _:
            message = "send lines as they are, or with zstd or gzip"
            raise UnsupportedMediaType(message)
