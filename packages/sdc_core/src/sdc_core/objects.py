"""Any S3-compatible object store, through one long-lived client a process."""

import asyncio
import mimetypes
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any

import aioboto3
import aiohttp
import botocore
import msgspec
from aiobotocore.client import AioBaseClient
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError
from botocore.utils import parse_timestamp

from sdc_core import clock, content_md5, s3_models
from sdc_core.errors import Conflict, NotFound, SdcError, TooLarge, Unavailable
from sdc_core.owned_file import OwnedFile
from sdc_core.settings import Settings

CONNECT_S = 3.0
READ_S = 30.0
CALL_S = 60.0
PING_S = 3.0
SLOWEST_BYTES_PER_S = 256 * 1024
"""A transfer has `CALL_S`, and as long again as its bytes take at this rate."""
ATTEMPTS = 3
PAGE = 1_000
CHUNK_BYTES = 256 * 1024
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_EXISTS = frozenset({"412", "PreconditionFailed", "ConditionalRequestConflict"})
_NO_LOCK = frozenset({"ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed"})
_OURS_ALREADY = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where an object store is and how to sign for it; does not print its secret."""

    url: str
    access_key_id: str
    secret_access_key: str
    region: str = "us-east-1"

    def __repr__(self) -> str:
        return f"Endpoint({self.url})"


class ObjectInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a listing or a HEAD tells. `etag` is without its quotes; `modified_us` in microseconds since the epoch;
    `content_type` is empty in a listing. Nobody may destroy it until `locked_until_us`, 0 there and without a lock.
    """

    key: str
    size_bytes: int
    etag: str
    modified_us: int
    content_type: str = ""
    locked_until_us: int = 0


class ObjectStream(msgspec.Struct, frozen=True, kw_only=True):
    """An open GET. `size_bytes` is the length of what `chunks` brings, in pieces of at most `CHUNK_BYTES`;
    `content_range` is the store's header for a ranged GET and empty for a whole one.
    """

    size_bytes: int
    etag: str
    content_type: str
    content_range: str
    chunks: AsyncIterator[bytes]


class ObjectStore:
    """Operations on one endpoint. Each raises Unavailable, in words, when it does not answer in time."""

    __slots__ = ("_client", "ahead_us", "endpoint", "probed_us", "unwritten")

    def __init__(self, client: AioBaseClient, endpoint: Endpoint) -> None:
        self._client = client
        self.endpoint = endpoint
        self.ahead_us = 0
        """How far our clock was ahead of the store's at its last answer, to the second."""
        self.unwritten = ""
        """Why it refused the last object that was put there, if it did; `probed_us` is for `store_health`."""
        self.probed_us = 0

    async def put(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        content_type: str,
        cache_control: str = "",
        metadata: Mapping[str, str] | None = None,
        only_new: bool = False,
    ) -> str:
        """Store an object whole and return its ETag.

        With `only_new`, Conflict when the key exists already; that may be this very object, stored by an attempt whose
        answer was lost.
        """
        conditions = {"IfNoneMatch": "*"} if only_new else {}
        if cache_control:
            conditions["CacheControl"] = cache_control
        answer = await self._call(
            "put_object",
            Bucket=bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            ContentMD5=await asyncio.to_thread(content_md5.of_bytes, body),
            Metadata=dict(metadata or {}),
            timeout_s=_transfer_s(len(body)),
            **conditions,
        )
        return _bare(answer["ETag"])

    async def put_file(self, bucket: str, key: str, path: Path, *, content_type: str) -> str:
        """Store a file as one part, so that its ETag is the MD5 a mirror compares. Returns the ETag."""
        file = OwnedFile(path, "rb")
        try:
            md5, size_bytes = await asyncio.to_thread(content_md5.of_file, file)
            answer = await self._call(
                "put_object",
                Bucket=bucket,
                Key=key,
                Body=file.opened,
                ContentType=content_type,
                ContentMD5=md5,
                timeout_s=_transfer_s(size_bytes),
            )
        finally:
            await file.close()
        return _bare(answer["ETag"])

    async def get(self, bucket: str, key: str, *, max_bytes: int) -> bytes:
        """The whole object. Raises NotFound, and TooLarge before reading when it is over `max_bytes`."""
        async with self.stream(bucket, key) as stream:
            if stream.size_bytes > max_bytes:
                message = f"{bucket}/{key} has {stream.size_bytes} bytes, more than the {max_bytes} allowed here"
                raise TooLarge(message)
            return b"".join([chunk async for chunk in stream.chunks])

    async def get_file(self, bucket: str, key: str, path: Path) -> int:
        """Write the object to a new file and return its length in bytes; the file is there whole or not at all.

        Raises NotFound, and FileExistsError when there is a file already, which is left as it is.
        """
        file = OwnedFile(path, "xb")
        async with self.stream(bucket, key) as stream:
            try:
                await asyncio.to_thread(file.open)
                async for chunk in stream.chunks:
                    await asyncio.to_thread(file.opened.write, chunk)
                await file.close()
            except BaseException:
                await file.discard()
                raise
            return stream.size_bytes

    @asynccontextmanager
    async def stream(self, bucket: str, key: str, *, byte_range: str = "") -> AsyncGenerator[ObjectStream]:
        """An object's bytes as they come; `byte_range` is a `Range` header value. Raises NotFound.

        They have the time of a transfer of that size, whoever is the slower side; then the next piece is Unavailable.
        """
        ranged: dict[str, Any] = {"Range": byte_range} if byte_range else {}
        answer = await self._call("get_object", Bucket=bucket, Key=key, **ranged)
        body, size_bytes = answer["Body"], int(answer["ContentLength"])
        until_s = asyncio.get_running_loop().time() + _transfer_s(size_bytes)
        # Not `as`: what it would give is the bare response, which does not check the length.
        async with body, aclosing(_chunks(body, f"{bucket}/{key}", until_s)) as chunks:
            yield ObjectStream(
                size_bytes=size_bytes,
                etag=_bare(answer["ETag"]),
                content_type=str(answer.get("ContentType", "")),
                content_range=str(answer.get("ContentRange", "")),
                chunks=chunks,
            )

    async def head(self, bucket: str, key: str) -> ObjectInfo | None:
        """The object's facts, or None when there is none."""
        try:
            answer = await self._call("head_object", Bucket=bucket, Key=key)
        except NotFound:
            return None
        locked_until = answer.get("ObjectLockRetainUntilDate")
        return ObjectInfo(
            key=key,
            size_bytes=int(answer["ContentLength"]),
            etag=_bare(answer["ETag"]),
            modified_us=clock.from_datetime(answer["LastModified"]),
            content_type=str(answer.get("ContentType", "")),
            locked_until_us=clock.from_datetime(locked_until) if locked_until else 0,
        )

    async def list(self, bucket: str, prefix: str = "", *, flat: bool = True) -> AsyncGenerator[ObjectInfo]:
        """Every object below a prefix, a page of 1,000 at a time. The order differs between stores: compare listings
        through a dictionary, never by walking two of them side by side. Where it is not `flat`, a folder there stands
        for all in it: its key ends with a slash, and nothing else of it is told. SeaweedFS tells of empty folders too.
        Raises NotFound for a missing bucket, and Unavailable for a listing that does not get on.
        """
        token: dict[str, Any] = {} if flat else {"Delimiter": "/"}
        while True:
            answer = await self._call("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=PAGE, **token)
            for entry in answer.get("Contents", ()):
                yield ObjectInfo(
                    key=entry["Key"],
                    size_bytes=int(entry["Size"]),
                    etag=_bare(entry["ETag"]),
                    modified_us=clock.from_datetime(entry["LastModified"]),
                )
            for folder in answer.get("CommonPrefixes", ()):
                yield ObjectInfo(key=folder["Prefix"], size_bytes=0, etag="", modified_us=0)
            if not answer.get("IsTruncated"):
                return
            before, token["ContinuationToken"] = token.get("ContinuationToken"), answer.get("NextContinuationToken")
            if token["ContinuationToken"] in (None, before):
                message = f"the object store does not say where its listing of {bucket} goes on"
                raise Unavailable(message)

    async def delete(self, bucket: str, key: str) -> None:
        """Delete an object; one that is not there is as good as deleted."""
        await self._call("delete_object", Bucket=bucket, Key=key)

    async def make_bucket(self, bucket: str) -> None:
        """Create a bucket; one that is ours already is as good as created."""
        try:
            await self._call("create_bucket", Bucket=bucket)
        except Conflict:
            return

    async def locks(self, bucket: str) -> bool:
        """Whether what is stored there may be locked against deletion (Object Lock). Raises NotFound for no bucket."""
        try:
            answer = await self._call("get_object_lock_configuration", Bucket=bucket)
        except Unavailable as error:
            if isinstance(error.__cause__, ClientError):
                code = error.__cause__.response.get("Error", {}).get("Code", "")
                if code in _NO_LOCK:
                    return False
            raise
        return answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"

    async def ping(self, bucket: str) -> str:
        """Empty when the bucket answers within `PING_S`, else the reason in words. Never raises SdcError."""
        try:
            async with asyncio.timeout(PING_S):
                await self._call("head_bucket", Bucket=bucket)
        except TimeoutError:
            return "the object store did not answer in time"
        except SdcError as error:
            return str(error)
        return ""

    async def _call(self, operation: str, *, timeout_s: float = CALL_S, **arguments: object) -> dict[str, Any]:
        name = "/".join(str(arguments[part]) for part in ("Bucket", "Key") if part in arguments)
        try:
            async with asyncio.timeout(timeout_s):
                answer: dict[str, Any] = await getattr(self._client, operation)(**arguments)
            if told := answer["ResponseMetadata"]["HTTPHeaders"].get("date"):
                self.ahead_us = clock.now_us() - clock.from_datetime(parsedate_to_datetime(told))
            self.unwritten = "" if operation == "put_object" else self.unwritten
            return answer
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _MISSING:
                message = f"the object store has no {name}"
                raise NotFound(message) from None
            if code in _EXISTS | _OURS_ALREADY:
                message = f"the object store has {name} already"
                raise Conflict(message) from None
            message = f"the object store refused {operation} of {name}: {code}"
            self.unwritten = message if operation == "put_object" else self.unwritten
            raise Unavailable(message) from error
        except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as error:
            message = f"the object store at {self.endpoint.url} does not answer: {type(error).__name__}"
            raise Unavailable(message) from error


@asynccontextmanager
async def open_store(endpoint: Endpoint) -> AsyncGenerator[ObjectStore]:
    """One client for the block. Opening connects to nothing, so a store that is down does not stop a service."""
    config = AioConfig(
        # Without keys it signs nothing, rather than look for some elsewhere, up to the cloud's metadata service.
        signature_version="s3v4" if endpoint.access_key_id else botocore.UNSIGNED,
        # The body is vouched for by Content-MD5, made in a thread; signed, botocore would read and hash it in the loop.
        s3={"addressing_style": "path", "payload_signing_enabled": False},
        max_pool_connections=32,
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"mode": "standard", "max_attempts": ATTEMPTS},
        # Older stores refuse the checksums that newer clients add unasked.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    # The first file sent asks for the machine's table of media types, which is read from files then.
    await asyncio.to_thread(mimetypes.init)
    opening = _session().client(
        "s3",
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        aws_access_key_id=endpoint.access_key_id or None,
        aws_secret_access_key=endpoint.secret_access_key or None,
        config=config,
    )
    async with opening as client:
        yield ObjectStore(client, endpoint)


@cache
def _session() -> aioboto3.Session:
    """What clients begin with, made once a process: it holds what botocore knows of S3, and nobody's keys."""
    session = get_session()
    session.register_component("data_loader", s3_models.loader())
    # A listing has a moment for each of a thousand objects, and botocore's own reader takes longer than all the rest.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    return aioboto3.Session(botocore_session=session)


def local_endpoint(settings: Settings) -> Endpoint:
    """The object store that the services work with."""
    return Endpoint(
        url=settings.S3_ENDPOINT_URL,
        access_key_id=settings.S3_ACCESS_KEY_ID,
        secret_access_key=settings.S3_SECRET_ACCESS_KEY.get_secret_value(),
        region=settings.S3_REGION,
    )


def daily_endpoint(settings: Settings) -> Endpoint | None:
    """The remote of the daily mirror, or None where none is set."""
    if not (settings.REMOTE_DAILY_ENDPOINT_URL and settings.REMOTE_DAILY_BUCKET):
        return None
    return Endpoint(
        url=settings.REMOTE_DAILY_ENDPOINT_URL,
        access_key_id=settings.REMOTE_DAILY_ACCESS_KEY_ID,
        secret_access_key=settings.REMOTE_DAILY_SECRET_ACCESS_KEY.get_secret_value(),
        region=settings.REMOTE_DAILY_REGION,
    )


def _moment(text: str) -> datetime:
    """A moment as stores write it: ISO 8601 in listings, else one of the forms of HTTP headers."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return parse_timestamp(text)


def _bare(etag: object) -> str:
    return str(etag).strip('"')


async def _chunks(
    body: Any,  # noqa: ANN401 - aiobotocore's body has no public type
    name: str,
    until_s: float,
) -> AsyncGenerator[bytes]:
    """The body's pieces until a moment of the loop's clock. A store that dies midway is Unavailable: the reader then
    knows that bytes are missing. The deadline is around each piece alone, so that it cancels nobody but this reader.
    """
    pieces = body.iter_chunks(CHUNK_BYTES)
    in_time = asyncio.timeout_at(until_s)
    try:
        while True:
            in_time = asyncio.timeout_at(until_s)
            async with in_time:
                chunk = await anext(pieces, b"")
            if not chunk:
                return
            yield chunk
    except (BotoCoreError, aiohttp.ClientError, TimeoutError, OSError) as error:
        how = "is too slow with" if in_time.expired() else "stopped in the middle of"
        message = f"the object store {how} {name}"
        raise Unavailable(message) from error


def _transfer_s(size_bytes: int) -> float:
    return CALL_S + size_bytes / SLOWEST_BYTES_PER_S
