"""What a Micropub client sends, in any of its three forms, becomes one command here, once (W3C Micropub, section 3).

Properties are lists of values, whichever form they came in. What a server does not know it passes over, as it should.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec
from sdc_core.errors import Invalid

MAX_PROPERTIES = 60
MAX_VALUES = 250
"""As many values as a form has at most; a list of JSON is bounded by the same."""
MAX_PHOTOS = 12
Json: TypeAlias = dict[str, object]
Properties: TypeAlias = Mapping[str, list[object]]
Action: TypeAlias = Literal["create", "update", "delete", "undelete"]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One request: `properties` of what is made; `url`, and what an update puts in place, adds and takes away."""

    action: Action
    properties: Properties = {}
    url: str = ""
    replace: Properties = {}
    add: Properties = {}
    delete: Properties | list[str] = {}


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON of a request. An update says in lists what it changes; the rest is read with patience."""

    type: list[str] = []
    properties: Json = {}
    action: str = ""
    url: str = ""
    replace: Json | None = None
    add: Json | None = None
    delete: Json | list[str] | None = None


def of_json(body: bytes) -> Command:
    """Raises Invalid for what is no JSON of a request."""
    try:
        sent = msgspec.json.decode(body, type=_Sent)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)[:300]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("this is no JSON that can be read") from None
    if not sent.action:
        _require_entry([each.removeprefix("h-") for each in sent.type])
        return Command(action="create", properties=_lists(sent.properties))
    if sent.action == "update":
        if sent.replace is None and sent.add is None and sent.delete is None:
            raise Invalid("an update says what to `replace`, `add` or `delete`")
        delete = sent.delete if isinstance(sent.delete, list) else _lists(sent.delete or {})
        return Command(
            action="update", url=sent.url, replace=_lists(sent.replace or {}), add=_lists(sent.add or {}), delete=delete
        )
    return _other(sent.action, sent.url)


def of_pairs(pairs: Iterable[tuple[str, str]]) -> Command:
    """Of a form: names that end in `[]` are lists, and so is what comes twice. Raises Invalid."""
    found: dict[str, list[object]] = {}
    for name, value in pairs:
        found.setdefault(name.removesuffix("[]"), []).append(value)
    action = _one(found.pop("action", []))
    if action:
        if action == "update":
            raise Invalid("an update is sent as JSON")
        return _other(action, _one(found.pop("url", [])))
    _require_entry([_one(found.pop("h", ["entry"]))])
    _bounded(found)
    return Command(action="create", properties=found)


def _other(action: str, url: str) -> Command:
    match action:
        case "delete" | "undelete":
            if not url:
                raise Invalid("say by its `url` which post is meant")
            return Command(action=action, url=url)
        case _:
            raise Invalid("an action is one of update, delete and undelete; without one, a post is made")


def _require_entry(types: list[str]) -> None:
    if types != ["entry"]:
        raise Invalid("posts here are of the type h-entry")


def _lists(given: Json) -> dict[str, list[object]]:
    """Properties of JSON. Raises Invalid for one whose values are no list."""
    found: dict[str, list[object]] = {}
    for name, values in given.items():
        if not isinstance(values, list):
            raise Invalid(f"the values of `{name[:40]}` are to be a list")
        found[name] = values
    _bounded(found)
    return found


def _bounded(found: Properties) -> None:
    if len(found) > MAX_PROPERTIES or any(len(values) > MAX_VALUES for values in found.values()):
        raise Invalid(f"there are more than {MAX_PROPERTIES} properties, or more than {MAX_VALUES} values of one")


def _one(values: list[object]) -> str:
    """The only value, empty for none. Raises Invalid for several."""
    if len(values) > 1:
        raise Invalid("of this there can be only one")
    return str(values[0]) if values else ""
