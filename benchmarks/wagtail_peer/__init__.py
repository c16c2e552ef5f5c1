"""What `bench_pages.py` compares with: the same text in Wagtail, made quick as its documentation and Django's say.

Django's per-site cache (in the process's memory, the quickest there is), cached templates, gzip, no debug. It needs
wagtail and granian in an environment of its own, which `uv run --with` makes: nothing of it is installed with SDC.

    python -m wagtail_peer FOLDER TEXT PORT
"""
