"""How a service and its parts fare."""

from collections.abc import Mapping

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is a sentence, empty when it is well and there is nothing to tell."""

    ok: bool
    reason: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is `ok` only when every part is well."""

    status: str
    parts: Mapping[str, Part] = {}
