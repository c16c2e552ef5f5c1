"""`sdc mcp`: the Model Context Protocol on standard input and output, carried to the site that answers it."""

import asyncio
import sys
from pathlib import Path

import click
import msgspec
from sdc_core import outside
from sdc_core.attempts import Attempt
from sdc_core.errors import Invalid
from sdc_core.settings import load

ANSWER_S = 70.0
"""Longer than the site takes at most to answer."""
MAX_LINE_BYTES = 5 * 1024 * 1024
_FAILED = -32000


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What this end needs of a message; None of a notification."""

    id: int | str | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Of problem details."""

    detail: str


@click.command()
@click.option("--site", default="", help="Address of the site. Unset: the one of the settings here, on this machine.")
@click.option("--token", envvar="MCP_TOKEN", show_envvar=True, default="", help="A token of the API.")
@click.option("--token-file", type=click.Path(path_type=Path), help="A file that holds the token alone.")
def mcp(*, site: str, token: str, token_file: Path | None) -> None:
    """Let a language model use the site: a program that speaks MCP starts this, with a token that
    `sdc token create` made. The model may what the token may.
    """
    token = _from(token_file) if token_file else token
    if not token:
        raise Invalid("no token: `sdc token create NAME --scope read` makes one; MCP_TOKEN or --token-file has it")
    url = f"{site.rstrip('/') or load().web_url}/api/mcp"
    while line := sys.stdin.buffer.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise Invalid(f"a message has at most {MAX_LINE_BYTES} bytes")
        if answer := asyncio.run(_answer(url, token, line)):
            sys.stdout.buffer.write(answer + b"\n")
            sys.stdout.buffer.flush()


def _from(file: Path) -> str:
    """Raises Invalid when it cannot be read."""
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read as a token: {error}") from None


async def _answer(url: str, token: str, line: bytes) -> bytes:
    """One line of JSON; nothing for what wants no answer."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "accept": "application/json"}
    attempt = await outside.post(url, line, headers, timeout_s=ANSWER_S, private=True, whole=True)
    if attempt.body.startswith(b'{"jsonrpc"'):
        return attempt.body
    try:
        call = msgspec.json.decode(line, type=Call)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b""
    if attempt.status == 202 or call.id is None:
        return b""
    error = {"code": _FAILED, "message": _words(attempt)}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": call.id, "error": error})


def _words(attempt: Attempt) -> str:
    """Why the site did not answer as it should."""
    try:
        return msgspec.json.decode(attempt.body, type=Refusal).detail
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"the site cannot be used now: {attempt.error or f'it answered {attempt.status}'}"
