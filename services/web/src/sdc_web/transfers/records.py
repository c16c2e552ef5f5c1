"""What a transfer is: an import or an export that the CMS was asked for, from the asking to its report."""

from typing import Literal, TypeAlias

import msgspec
from sdc_core import clock

from sdc_web.imports import Format

Kind: TypeAlias = Literal["import", "export", "copy"]
"""`copy` is the public site as files, `export` everything an author would take along."""
Step: TypeAlias = Literal["look", "take", "write"]
"""An import looks first, changing nothing, and takes once it was started; the others write their file."""
State: TypeAlias = Literal["waiting", "running", "looked_at", "done", "failed", "cancelled", "interrupted"]
"""`interrupted`: whoever did it ended in the middle."""

FILE_OF_IMPORT_US = 7 * clock.DAY_US
FILE_OF_EXPORT_US = clock.DAY_US
HOST = "host "
"""Before the name of a host among what is counted."""
KEPT_US = 30 * clock.DAY_US
"""How long a row and its report are kept."""


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A row. `name` is what its file is called, which no path is made of; `file` is the name that it has in its folder,
    empty once it is gone; `fetch_from` are hosts with spaces between; `done` of `total` lines are told, of which
    `counts` says how they end; `words` why it failed.
    """

    id: str
    kind: Kind
    step: Step
    state: State
    author_id: str
    name: str
    file: str
    size_bytes: int
    format: Format
    incomplete: bool
    old_site: str
    fetch_from: str
    done: int
    total: int
    counts: str
    words: str
    cancelling: bool
    created_at_us: int
    ended_at_us: int | None
    file_until_us: int
    expires_at_us: int

    @property
    def is_under_way(self) -> bool:
        """Whether something is still to come of it by itself."""
        return self.state in ("waiting", "running")

    @property
    def may_start(self) -> bool:
        """Whether what was looked at may be taken, or the taking go on."""
        stopped = self.step == "take" and self.state in ("failed", "cancelled", "interrupted")
        return self.kind == "import" and bool(self.file) and (self.state == "looked_at" or stopped)

    @property
    def may_look(self) -> bool:
        """Whether its dry run may be made once more."""
        return self.kind == "import" and bool(self.file) and not self.is_under_way and self.state != "done"

    @property
    def counted(self) -> dict[str, int]:
        """How many lines of the report end in which way, and how many things come: `posts`, `pictures` and others."""
        return msgspec.json.decode(self.counts, type=dict[str, int])

    @property
    def hosts(self) -> dict[str, int]:
        """Hosts on which pictures of its texts stay, with how many, and those that were named already."""
        left = {name.removeprefix(HOST): count for name, count in self.counted.items() if name.startswith(HOST)}
        return {**dict.fromkeys(self.fetch_from.split(), 0), **left}
