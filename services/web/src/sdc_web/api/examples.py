"""What the API's document shows of requests and answers; a test holds each against its Struct."""

from typing import Final, TypeAlias

Json: TypeAlias = dict[str, object]

_AT = "2026-11-24T09:30:00Z"
_POST_ID = "01JDF3X5V9Q0S6T8W2Y4Z6A8C0"
_ASSET_ID = "01JDF3WHN8M2K4P6R8T0V2X4Z6"
_BODY = f"Folded from *one* sheet.\n\n![The lamp at night](media:{_ASSET_ID})"

_SUMMARY: Final[Json] = {
    "id": _POST_ID,
    "kind": "post",
    "state": "draft",
    "on_site": False,
    "url": "https://example.org/posts/a-lamp-of-paper",
    "revision": 2,
    "title": "A lamp of paper",
    "slug": "a-lamp-of-paper",
    "summary": "Folded from one sheet.",
    "tags": ["paper", "light"],
    "cover_asset_id": _ASSET_ID,
    "series": "",
    "series_position": None,
    "project": None,
    "language": "",
    "translation_key": "",
    "canonical_url": "",
    "dated_at": None,
    "created_at": _AT,
    "saved_at": _AT,
    "published_at": None,
    "changed_at": None,
    "scheduled_at": None,
    "unpublish_at": None,
}
_OF_POSTS_ONLY = (
    *("id", "kind", "state", "on_site", "url"),
    *("created_at", "published_at", "changed_at", "scheduled_at", "unpublish_at"),
)
_ASSET: Final[Json] = {
    "id": _ASSET_ID,
    "state": "ready",
    "reason": "",
    "file_name": "lamp.jpg",
    "alt": "A lamp of folded paper on a dark table",
    "content_type": "image/jpeg",
    "size_bytes": 2_481_022,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "width": 4_032,
    "height": 3_024,
    "animated": False,
    "uploaded_at": _AT,
    "variants": [
        {
            "url": f"https://example.org/media/{_ASSET_ID}/480.avif?r=r1",
            "content_type": "image/avif",
            "width": 480,
            "height": 360,
            "size_bytes": 9_120,
        }
    ],
    "moving": [],
}
_TAG: Final[Json] = {"name": "paper", "colour": "", "description": "Whatever can be folded.", "posts": 3}

_OLD: Final[Json] = {
    "path": "/lamp",
    "target": "/posts/a-lamp-of-paper",
    "own": True,
    "created_at": _AT,
    "uses": 12,
    "used_at": _AT,
}
_REVISION: Final[Json] = {
    "id": "01JDF3X9V1Q0S6T8W2Y4Z6A8C2",
    "revision": 2,
    "name": "Before the long cut",
    "title": "A lamp of paper",
    "author": "Ada",
    "begun_at": _AT,
    "saved_at": _AT,
    "published_at": None,
    "live": False,
    "scheduled": False,
}
_RUN: Final[Json] = {
    "id": "01JDF3Y0N8M2K4P6R8T0V2X4Z6",
    "trigger": "schedule",
    "attempt": 1,
    "outcome": "ok",
    "output": "3 published, 0 unpublished",
    "due_at": _AT,
    "started_at": _AT,
    "ended_at": _AT,
}
_JOB: Final[Json] = {
    "name": "posts.publish_due",
    "help": "Publishes what is due",
    "cron": "* * * * *",
    "schedule": "every minute",
    "zone": "UTC",
    "state": "ok",
    "next_at": _AT,
    "last_run": _RUN,
}
_BACKUP: Final[Json] = {
    "name": "drill",
    "verdict": "ok",
    "words": "in time",
    "detail": "Restored both databases from the daily backup.",
    "succeeded_at": _AT,
    "duration_us": 2_100_000,
}

_COUNTED: Final[Json] = {"visitors": 48, "page_views": 97, "requests": 301, "bytes": 4_120_000}
_SLICE: Final[Json] = {"key": "/posts/a-lamp-of-paper", **_COUNTED, "clients": 0, "visits": 12, "bounces": 5}

EXAMPLES: Final[dict[str, Json]] = {
    "NewPost": {"title": "A lamp of paper", "body": _BODY, "tags": ["paper", "light"], "cover_asset_id": _ASSET_ID},
    "PostChanges": {"summary": "Folded from one sheet."},
    "NewPublication": {"at": "2027-01-01T09:00:00Z"},
    "AssetChanges": {"alt": "A lamp of folded paper on a dark table"},
    "TagChanges": {"description": "Whatever can be folded."},
    "NewRedirect": {"path": "/lamp", "target": "/posts/a-lamp-of-paper"},
    "Post": _SUMMARY | {"body": _BODY},
    "Publication": _SUMMARY | {"body": _BODY, "state": "published", "on_site": True, "published_at": _AT, "faults": []},
    "PostPage": {"posts": [_SUMMARY], "next_cursor": None},
    "Asset": _ASSET,
    "AssetPage": {"media": [_ASSET], "next_cursor": _ASSET_ID},
    "Tag": _TAG,
    "Tags": {"tags": [_TAG]},
    "RevisionPage": {"revisions": [_REVISION], "next_cursor": "2"},
    "RevisionText": {name: value for name, value in _SUMMARY.items() if name not in _OF_POSTS_ONLY} | {"body": _BODY},
    "Redirect": _OLD,
    "RedirectPage": {"redirects": [_OLD], "next_cursor": None},
    "Jobs": {"jobs": [_JOB]},
    "JobRunPage": {"runs": [_RUN], "next_cursor": None},
    "BackupState": {"backups": [_BACKUP]},
    "Summary": {
        "visitors": 1_904,
        "visits": 2_011,
        "page_views": 4_343,
        "bounces": 710,
        "duration_us": 241_320_000_000,
        "bytes": 161_204_331,
        "requests": 12_434,
    },
    "Timeseries": {"by": "day", "points": [{"at": "2026-11-24", **_COUNTED, "visits": 52}]},
    "Breakdown": {"by": "page", "total": 11, "rows": [_SLICE]},
    "Latency": {
        "rows": [{"path": "/posts", "requests": 120, "p50_us": 900, "p95_us": 4_800, "p99_us": 8_100}],
    },
    "Live": {
        "visitors": 2,
        "page_views": 3,
        "minutes": [0, 1, 0, 2],
        "pages": [{"path": "/posts/a-lamp-of-paper", "visitors": 2}],
    },
    "StaleProblem": {
        "title": "Changed in the meantime",
        "status": 412,
        "detail": "This post was saved elsewhere in the meantime: compare both before saving again.",
        "code": "stale",
        "current": {name: value for name, value in _SUMMARY.items() if name not in _OF_POSTS_ONLY} | {"body": _BODY},
    },
    "InUseProblem": {
        "title": "Not as things stand",
        "status": 409,
        "detail": "This picture is shown in “A lamp of paper”, perhaps in an earlier revision: it stays.",
        "code": "conflict",
        "uses": [{"post_id": _POST_ID, "title": "A lamp of paper"}],
    },
}
"""By the name of the Struct."""
