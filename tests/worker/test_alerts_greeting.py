"""One mail by a real mail server."""

import socket

import pytest
from sdc_core import mail
from sdc_core.settings import Settings

from mail_server import mail_server, mailing


@pytest.mark.parametrize(
    ("site_url", "name"),
    [
        ("https://fog.example", "fog.example"),
        ("http://192.0.2.7:8000", "[192.0.2.7]"),
        ("http://[2001:db8::7]:8000", "[IPv6:2001:db8::7]"),
    ],
)
async def test_the_site_names_itself_and_asks_no_name_server_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, site_url: str, name: str
) -> None:
    def asked() -> str:
        pytest.fail("the system was asked for a name")

    monkeypatch.setattr(socket, "getfqdn", asked)
    async with mail_server() as box:
        site = mailing(settings, box, SITE_URL=site_url)
        assert await mail.send(site, mail.addressed(site, "Fog", "one", 0), mail.SEND_S) == ""
    assert (box.greeted, str(box.mails[0]["Subject"])) == (name, f"Fog ({name.strip('[]').removeprefix('IPv6:')})")
