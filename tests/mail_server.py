"""A real mail server on loopback, and what it took."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr
from sdc_core.settings import Settings

NAME, PASSWORD = "ada@example.org", "a/b:c@d"


class Mailbox:
    """Everything that was taken, and the name of who came last; `answer` is what it says instead of taking, when that
    is not empty.
    """

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.greeted = ""
        self.answer = ""
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        self.greeted = session.host_name or ""
        if self.answer:
            return self.answer
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


@asynccontextmanager
async def mail_server(*, tls: ssl.SSLContext | None = None, sign_in: bool = False) -> AsyncGenerator[Mailbox]:
    """One for the block; with `sign_in` it takes nothing from whoever does not say name and password."""
    mailbox = Mailbox()

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        known = isinstance(data, LoginPassword) and (data.login, data.password) == (NAME.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)

    def protocol() -> SMTP:
        authenticator = authenticate if sign_in else None
        with warnings.catch_warnings(action="ignore"):  # on loopback nobody listens in
            # With a name of its own, for the system may ask a name server for it.
            return SMTP(
                mailbox,
                hostname="localhost",
                authenticator=authenticator,
                auth_required=sign_in,
                auth_require_tls=False,
            )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    mailbox.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mailbox


def mailing(settings: Settings, box: Mailbox, *, sign_in: bool = False, **more: object) -> Settings:
    """Settings of a site that mails by it."""
    who = f"{quote(NAME, safe='')}:{quote(PASSWORD, safe='')}@" if sign_in else ""
    url = SecretStr(f"smtp://{who}127.0.0.1:{box.port}")
    update = {"SMTP_URL": url, "ALERT_MAIL_TO": "ada@example.org", "SITE_URL": "https://fog.example", **more}
    return settings.model_copy(update=update)
