"""A site with a public address, another one that its texts lead to, and rounds of telling that one."""

from collections.abc import AsyncGenerator

import pytest
from sdc_core import clock
from sdc_core.settings import Settings
from sdc_web.db import Databases
from sdc_web.webmentions import switches, telling
from sdc_web.webmentions.switches import Switches

from loopback import serving
from mention_peer import Peer
from mentioning import SITE, Tell
from signing_in import OWNER


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A site with a public address."""
    return settings.model_copy(update={"SITE_URL": SITE})


@pytest.fixture
def peer() -> Peer:
    """The site that texts lead to."""
    return Peer()


@pytest.fixture
async def there(peer: Peer) -> AsyncGenerator[str]:
    """Its address."""
    async with serving(peer.serve) as address:
        yield address


@pytest.fixture
async def tell(databases: Databases, settings: Settings, author_id: str) -> Tell:
    """Sending is on, and this is a round of it, now or so much later."""
    assert author_id
    await switches.change(databases.site, OWNER, Switches(out=True))

    async def round_of(later_us: int = 0) -> int:
        with clock.frozen(clock.now_us() + later_us + clock.SECOND_US):
            return await telling.tell(databases.site, settings, private=True)

    return round_of
