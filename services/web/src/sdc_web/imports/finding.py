"""The pictures of a text that is to be imported: in the folder that came along, or fetched from where they are."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace
from sdc_core.errors import Invalid

from sdc_web.imports import fetching, old_site, pictures, uploads
from sdc_web.imports.fetching import Fetch
from sdc_web.imports.records import Line, Picture, Source

MAX_TOLD = 20
"""Pictures of one text that are told of one by one."""
MAX_HOSTS = 50
"""Hosts that are told of."""
_KNOWN_HOSTS = 5_000
_LED_TO = "file"
_ASKED = ", and the old site does not bring it"


class Finder(msgspec.Struct, frozen=True, kw_only=True):
    """What looks for the pictures of an import, which `fetch` brings where they are not in the folder, from hosts
    that are `named`, if it is to. `left` counts those of texts that stay on another host, by that.
    """

    source: Source
    fetch: Fetch | None = None
    named: frozenset[str] = frozenset()
    incomplete: bool = False
    left: Counter[str] = msgspec.field(default_factory=Counter)

    async def found(self, name: str, named: Iterable[Picture]) -> tuple[dict[str, Path], list[str]]:
        """The files of what the text of that name shows or leads to, and a word about each that does not come. Raises
        Invalid for a picture of the old site that this one cannot show, unless `incomplete`.
        """
        found: dict[str, Path] = {}
        notes: list[str] = []
        elsewhere: dict[str, str] = {}
        for each in _each_once(named):
            target, what = each.file, _LED_TO if each.leads else "picture"
            file, why = await self._sought(name, each)
            if file is not None and not why:
                found[target] = file
            elif pictures.is_whole(target):
                if file is None and each.leads and not self._is_asked(target):
                    continue  # a link to another site, like any other
                if (original := old_site.original(target)) not in elsewhere:
                    elsewhere[original] = _told(what, target, why, came=file is not None)
                    self._count(original)
            elif file is None:
                notes.append(f"{what} {target} is not in the folder{_ASKED if self.fetch else ''}")
            elif self.incomplete or each.leads:
                notes.append(f"{what} {target} is left out: {why}")
            else:
                raise Invalid(f"{what} {target}: {why}")
        notes += [*elsewhere.values()][:MAX_TOLD]
        if (more := len(elsewhere) - MAX_TOLD) > 0:
            notes.append(f"and {more} more of other hosts")
        return found, notes

    async def _sought(self, name: str, wanted: Picture) -> tuple[Path | None, str]:
        """The file, where there is one, and in words why it is not taken: no text stays behind for what never was a
        file of its site, nor for what it only leads to.
        """
        file, why = await asyncio.to_thread(self.source.located, name, wanted.file), ""
        fetched = file is None and self.fetch is not None
        if file is None and self.fetch is not None:
            brought = await self.fetch(wanted.file)
            file, why = (brought, "") if isinstance(brought, Path) else (None, brought)
        if file is None:
            return None, why or "no host was named to fetch pictures from"
        try:
            await asyncio.to_thread(_require, file, wanted, fetched=fetched)
        except Invalid as error:
            return file, str(error)
        return file, ""

    def _is_asked(self, target: str) -> bool:
        host = fetching.host_of(target)
        return host in self.named or host.removeprefix("www.") in self.source.hosts

    def _count(self, address: str) -> None:
        host = fetching.host_of(address)
        if host and (host in self.left or len(self.left) < _KNOWN_HOSTS):
            self.left[host] += 1

    def lines(self) -> Iterator[Line]:
        """A line for each host on which pictures stayed, the one with most of them first."""
        for host, count in self.left.most_common(MAX_HOSTS):
            counted = "1 picture that a text shows is" if count == 1 else f"{count} pictures that texts show are"
            what = "each text says why" if host in self.named else "name this host to have them fetched"
            reason = f"{counted} there and did not come: {what}"
            yield Line(file=f"host {host}", outcome="skipped", kind="host", pictures=count, reason=reason)


def _each_once(named: Iterable[Picture]) -> list[Picture]:
    """Each file in order: led to where texts do no more than that, standing where one of them has it so."""
    once: dict[str, Picture] = {}
    for each in named:
        before = once.get(each.file, each)
        leads, stands = before.leads and each.leads, before.stands or each.stands
        once[each.file] = replace(before, leads=leads, stands=stands)
    return [*once.values()]


def _require(file: Path, wanted: Picture, *, fetched: bool) -> None:
    """Raises Invalid for what cannot be what the text has it for. Blocking."""
    if wanted.stands:
        uploads.require_picture(file)
    kind = uploads.require_taken(file).kind
    if fetched:
        uploads.require_as_named(file)
    # What is asked for as a picture may be a page, with any ending.
    if kind == "file" and not wanted.leads and (fetched or pictures.is_whole(wanted.file)):
        uploads.require_picture(file)


def _told(what: str, target: str, why: str, *, came: bool) -> str:
    if came:
        return f"{what} {target[:200]} is left out: {why}"
    stays = "the text leads there" if what == _LED_TO else "readers do not see it"
    return f"{what} {target[:200]} stays where it is, and {stays}: {why}"
