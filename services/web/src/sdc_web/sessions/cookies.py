"""The cookies of the author's area: their names, and what is written into `Set-Cookie`."""

SECURE_NAME = "__Host-sdc_session"
PLAIN_NAME = "sdc_session"
"""Part of the other name as well: either on a request means that it is not for the page cache."""


def name(site_url: str) -> str:
    """The cookie's name: the `__Host-` prefix needs https, which development on localhost has not."""
    return SECURE_NAME if site_url.startswith("https://") else PLAIN_NAME


def written(site_url: str, token: str, lifetime_s: int) -> str:
    """The value of a `Set-Cookie` header that keeps a session."""
    return _cookie(name(site_url), site_url, token, lifetime_s, "Lax")


def deleted(site_url: str) -> str:
    """The value of a `Set-Cookie` header that ends it in the browser."""
    return written(site_url, "", 0)


def device_name(site_url: str) -> str:
    """The name of the cookie by which a browser is known again, whoever is signed in."""
    return "__Secure-sdc_device" if site_url.startswith("https://") else "sdc_device"


def ceremony_name(site_url: str) -> str:
    """The name of the cookie that binds a passkey's challenge to a browser in which nobody is signed in yet."""
    return passing_name(site_url, "ceremony")


def ceremony(site_url: str, secret: str, lifetime_s: int) -> str:
    """The value of a `Set-Cookie` header that keeps it for as long as a challenge is good."""
    return _cookie(ceremony_name(site_url), site_url, secret, lifetime_s, "Strict")


def passing_name(site_url: str, what: str) -> str:
    """The name of a cookie that lives for minutes, while somebody is on the way in."""
    return f"__Host-sdc_{what}" if site_url.startswith("https://") else f"sdc_{what}"


def passing(site_url: str, what: str, value: str, lifetime_s: int) -> str:
    """The value of a `Set-Cookie` header that keeps it. Whoever comes back from another site brings it along."""
    return _cookie(passing_name(site_url, what), site_url, value, lifetime_s, "Lax")


def _cookie(cookie: str, site_url: str, value: str, lifetime_s: int, same_site: str) -> str:
    secure = "; Secure" if site_url.startswith("https://") else ""
    return f"{cookie}={value}; Path=/; Max-Age={lifetime_s}; HttpOnly; SameSite={same_site}{secure}"
