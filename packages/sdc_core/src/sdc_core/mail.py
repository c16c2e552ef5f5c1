"""One mail to whoever hears of what is wrong: who it is for, and one attempt to send it."""

import asyncio
import ipaddress
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

import aiosmtplib

from sdc_core import clock
from sdc_core.settings import Settings

SEND_S = 30.0
UNSET = "no mail server is set (SDC_SMTP_URL, SDC_ALERT_MAIL_TO)"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def configured(settings: Settings) -> bool:
    """Whether there is a server to send by and somebody to send to."""
    return bool(settings.SMTP_URL.get_secret_value() and settings.ALERT_MAIL_TO)


def addressed(settings: Settings, subject: str, id_: str, at_us: int) -> EmailMessage:
    """A mail without its words. With the same id it is the same mail to whoever gets it twice."""
    site = _site(settings)
    made = EmailMessage()
    made["Subject"] = f"{subject} ({site})"
    made["From"] = settings.ALERT_MAIL_FROM or settings.ALERT_MAIL_TO
    made["To"] = settings.ALERT_MAIL_TO
    made["Date"] = format_datetime(clock.to_datetime(at_us))
    made["Message-ID"] = f"<{id_}@{site}>"
    made["Auto-Submitted"] = "auto-generated"
    return made


async def send(settings: Settings, mail: EmailMessage, deadline_s: float) -> str:
    """Empty when a server took it, else the reason in words, which hold no password."""
    parts = urlsplit(settings.SMTP_URL.get_secret_value())
    implicit = parts.scheme == "smtps"
    host = parts.hostname or "localhost"
    try:
        context = await asyncio.to_thread(ssl.create_default_context)
        async with asyncio.timeout(deadline_s):
            await aiosmtplib.send(
                mail,
                hostname=host,
                port=parts.port or (465 if implicit else 587),
                # Else the system is asked for this machine's name, which may ask a name server that does not answer.
                local_hostname=_greeting(_site(settings)),
                username=unquote(parts.username) if parts.username else None,
                password=unquote(parts.password) if parts.password else None,
                use_tls=implicit,
                # A password, and what a site says of itself, go unencrypted to this machine alone.
                start_tls=None if implicit or host in _LOOPBACK else True,
                tls_context=context,
                timeout=deadline_s,
            )
    except aiosmtplib.SMTPAuthenticationError:
        return "the mail server does not take the name and password"
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
        return _words(error)
    return ""


def _site(settings: Settings) -> str:
    return urlsplit(settings.site_url).hostname or "localhost"


def _greeting(host: str) -> str:
    """How the site names itself to a mail server (RFC 5321 section 4.1.3)."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _words(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return "the mail server does not take mail for that address"
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"the mail server answered {error.code} {error.message}"[:300]
    if isinstance(error, TimeoutError):
        return "the mail server did not answer in time"
    return f"the mail server cannot be reached ({type(error).__name__})"
