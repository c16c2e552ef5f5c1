"""What `bench_pages.py` compares, each in a server of its own: `python benchmarks/page_servers.py KIND PORT`.

KIND is `raw` (an ASGI application that does nothing but answer with the bytes and headers of two files), `bare` (web's
without its request log) or `whole` (web as it is). The server is granian, set as web sets it.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sdc_core import process
from sdc_core.settings import load
from sdc_web import main

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

ANSWER = "SDC_BENCH_ANSWER"
"""The variable that names the folder with `body` and `headers.json`, the answer of `raw`. Not a setting: `load` would
refuse it."""


def run(kind: str, port: int) -> None:
    """Serve until a signal."""
    os.environ["BENCH_ANSWER"] = os.environ.pop(ANSWER, "")
    os.environ["SDC_WEB_PORT"] = str(port)
    process.share_one_heap()
    settings = load()
    main.load_for_all(settings)
    main.serve(settings, {"raw": raw, "bare": bare, "whole": main.application}[kind])


def raw() -> "ASGIApp":
    """The same bytes with the same headers, and not a line more than ASGI asks for."""
    folder = Path(os.environ["BENCH_ANSWER"])
    body = (folder / "body").read_bytes()
    pairs = json.loads((folder / "headers.json").read_text(encoding="utf-8"))
    headers = [(name.encode(), value.encode()) for name, value in pairs]

    async def answer(scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                message = await receive()
                kind = message["type"]
                if kind == "lifespan.startup":
                    await send({"type": "lifespan.startup.complete"})
                else:
                    await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return answer


def bare() -> "ASGIApp":
    """Web without the layer that writes the access log."""
    from sdc_web import app  # noqa: PLC0415 - the process above stays small

    outer = app.create()
    return outer._app  # noqa: SLF001  # ty: ignore[missing-attribute]


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]))
