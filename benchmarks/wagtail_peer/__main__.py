"""Make the site with one page at `/posts/a-post`, then serve it with granian as `bench_pages.py` serves the others."""

import os
import sys
from pathlib import Path


def main(folder: str, text: str, port: str) -> None:
    """Fill an empty database, then become the server."""
    os.environ |= {"PEER_FOLDER": folder, "DJANGO_SETTINGS_MODULE": "wagtail_peer.settings"}
    migrations = Path(folder, "peer_migrations")
    migrations.mkdir()
    (migrations / "__init__.py").touch()
    sys.path.insert(0, folder)
    import django  # noqa: PLC0415 - its settings must be there first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - as above
    from wagtail.models import Page, Site  # noqa: PLC0415 - models may be imported once it is set up

    from wagtail_peer.models import Article  # noqa: PLC0415 - the same

    call_command("makemigrations", "wagtail_peer", verbosity=0)
    call_command("migrate", verbosity=0)
    above = Page.objects.get(depth=2)
    for slug in ("posts", "a-post"):
        page = Article(title="A post", slug=slug, body=Path(text).read_text(encoding="utf-8"))
        above.add_child(instance=page)
        page.save_revision().publish()
        above = page
    Site.objects.update(port=int(port))
    command = ["granian", "--interface", "wsgi", "--port", port, "--workers", "1", "--no-ws", "--log-level", "error"]
    os.execvp(command[0], [*command, "wagtail_peer.wsgi:application"])  # noqa: S606 - there is nothing for a shell


if __name__ == "__main__":
    main(*sys.argv[1:])
