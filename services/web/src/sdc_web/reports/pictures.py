"""How far the worker is with pictures, and having all of them made anew."""

import msgspec
from sdc_core.answers.images import Progress
from sdc_core.errors import Invalid
from sdc_core.service_client import ServiceClient
from sdc_core.sqlite import Database
from sdc_core.variants import AIMS

from sdc_web import audit
from sdc_web.authors import rights
from sdc_web.authors.rights import Actor
from sdc_web.reports.asking import ask, decode

START_S = 10.0


async def progress(worker: ServiceClient, by: Actor) -> Progress:
    """How far it is. Raises Forbidden, and Unavailable when the worker is away."""
    rights.require(by, "site.change")
    return await ask(worker, "/images", Progress)


async def remake(worker: ServiceClient, database: Database, by: Actor, aim: int) -> Progress:
    """Have every picture made anew to reach one of `variants.AIMS`; what has it already is left alone. Raises Invalid,
    Forbidden, and Unavailable.
    """
    rights.require(by, "site.change")
    if aim not in AIMS:
        message = f"Choose one of {', '.join(map(str, AIMS))}."
        raise Invalid(message, field="aim")
    body = msgspec.json.encode({"aim": aim})
    attempt = await worker.send("PUT", "/images/aim", body=body, timeout_s=START_S)
    attempt.raise_unless_ok("the worker")
    # After the worker has taken it, which is another database: what is not done is not told of.
    async with database.transaction() as connection:
        await audit.record(connection, by, "media.remade", str(aim), f"to reach {aim}")
    return decode(attempt.body, Progress)
