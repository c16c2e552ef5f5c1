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
    "trashed_at": None,
    "trashed_by": "",
    "author": "ada",
    "noindex": False,
}
_OF_POSTS_ONLY = (
    *("id", "kind", "state", "on_site", "url"),
    *("created_at", "published_at", "changed_at", "scheduled_at", "unpublish_at", "trashed_at"),
    *("trashed_by", "author", "noindex"),
)
_ASSET: Final[Json] = {
    "id": _ASSET_ID,
    "state": "ready",
    "reason": "",
    "kind": "photograph",
    "url": "",
    "file_name": "lamp.jpg",
    "alt": "A lamp of folded paper on a dark table",
    "decorative": False,
    "title": "Lamp",
    "caption": "Folded from one sheet",
    "focus_x": 50,
    "focus_y": 40,
    "content_type": "image/jpeg",
    "size_bytes": 2_481_022,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "width": 4_032,
    "height": 3_024,
    "animated": False,
    "uploaded_at": _AT,
    "trashed_at": None,
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

_SERIES: Final[Json] = {
    "id": "01JDF3Z1H0Q0S6T8W2Y4Z6A8C4",
    "title": "Lamps",
    "slug": "lamps",
    "url": "https://example.org/series/lamps",
    "description": "From one sheet each.",
    "posts": 1,
    "updated_at": _AT,
}
_NAMED: Final[Json] = {
    "post_id": _POST_ID,
    "title": "A lamp of paper",
    "url": "https://example.org/posts/a-lamp-of-paper",
    "published_at": _AT,
}
_ENTRIES: Final[list[Json]] = [
    {"title": "Lamps", "url": "/series/lamps"},
    {"title": "Code", "url": "https://example.com/"},
]
_NAVIGATION: Final[Json] = {
    "own": True,
    "entries": [each | {"standing": standing} for each, standing in zip(_ENTRIES, ("there", "away"), strict=True)],
}
_LINK: Final[Json] = {
    "id": "01JDF402T2Q0S6T8W2Y4Z6A8C6",
    "revision_id": None,
    "note": "for Grace",
    "created_at": _AT,
    "expires_at": "2026-12-01T09:30:00Z",
    "views": 2,
    "viewed_at": _AT,
}
_FINDING: Final[Json] = {
    "rule": "no-alt",
    "severity": "doubtful",
    "what": "The picture in line 3 says nothing to who cannot see it.",
    "why": "Who cannot see the picture learns nothing of it.",
    "mend": "Say in a sentence what it shows; of mere decoration say so in the library.",
    "field": "body",
    "line": 3,
}
_TROUBLED: Final[Json] = {
    "url": "https://example.com/paper",
    "state": "dead",
    "reason": "It answers 404.",
    "moved_to": "",
    "failing_since": _AT,
    "checked_at": _AT,
    "posts": [{"post_id": _POST_ID, "title": "A lamp of paper"}],
}
_FILE: Final[Json] = {
    "file_name": "lamp.jpg",
    "content_type": "image/jpeg",
    "size_bytes": 2_481_022,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
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

_WEBMENTION: Final[Json] = {
    "id": "01JDF41A0Q0S6T8W2Y4Z6A8C8E",
    "state": "waiting",
    "kind": "reply",
    "source": "https://grace.example/notes/7",
    "host": "grace.example",
    "author_name": "Grace",
    "author_url": "https://grace.example/",
    "title": "",
    "words": "Mine burnt down.",
    "post_id": _POST_ID,
    "post_title": "A lamp of paper",
    "post_url": "https://example.org/posts/a-lamp-of-paper",
    "asked_at": _AT,
}
_TOLD: Final[Json] = {
    "post_id": _POST_ID,
    "post_title": "A lamp of paper",
    "target": "https://grace.example/notes/7",
    "state": "told",
    "reason": "",
    "tried_at": _AT,
    "next_at": None,
}
_ENDPOINT: Final[Json] = {
    "id": "01JDF42B0Q0S6T8W2Y4Z6A8C9F",
    "name": "Newsletter",
    "host": "letters.example",
    "types": ["post.published"],
    "state": "on",
    "reason": "",
    "failures": 0,
    "failing_since": None,
    "waiting": 0,
    "created_at": _AT,
}
_DELIVERY: Final[Json] = {
    "id": "41",
    "message_id": "msg_0d3c6b0f5a8e4f1c9b7a6d5e4f3c2b1a",
    "endpoint_id": "01JDF42B0Q0S6T8W2Y4Z6A8C9F",
    "endpoint_name": "Newsletter",
    "type": "post.published",
    "state": "delivered",
    "attempts": 1,
    "reason": "",
    "created_at": _AT,
    "next_at": None,
}
_TRY: Final[Json] = {
    "number": 1,
    "tried_at": _AT,
    "status": 204,
    "error": "",
    "answer": "",
    "duration_us": 48_000,
}

_WORDS: Final[Json] = {
    "title": "Paper and light",
    "description": "Things of paper and light.",
    "language": "en",
    "elsewhere": [{"label": "Mastodon", "url": "https://example.social/@lamp"}],
    "time_zone": "Europe/Berlin",
}
_COUNTED: Final[Json] = {"visitors": 48, "page_views": 97, "requests": 301, "bytes": 4_120_000}
_SLICE: Final[Json] = {
    "key": "/posts/a-lamp-of-paper",
    **_COUNTED,
    "clients": 0,
    "visits": 12,
    "bounces": 5,
    "readings": 0,
    "read_us": 0,
    "depth": 0,
}

EXAMPLES: Final[dict[str, Json]] = {
    "NewPost": {"title": "A lamp of paper", "body": _BODY, "tags": ["paper", "light"], "cover_asset_id": _ASSET_ID},
    "PostChanges": {"summary": "Folded from one sheet."},
    "NewPublication": {"at": "2027-01-01T09:00:00Z"},
    "AssetChanges": {"alt": "A lamp of folded paper on a dark table", "focus_y": 40},
    "NewExpiry": {"unpublish_at": "2027-01-31T22:00:00Z"},
    "RevisionChanges": {"name": "Before the long cut"},
    "TagChanges": {"description": "Whatever can be folded."},
    "TagMerge": {"into": "light"},
    "NewSeries": {"title": "Lamps", "description": "From one sheet each."},
    "SeriesChanges": {"description": "From one sheet each."},
    "SeriesOrder": {"post_ids": [_POST_ID]},
    "NewNavigation": {"entries": _ENTRIES},
    "HomeChoice": {"post_ids": []},
    "NewPreviewLink": {"days": 7, "note": "for Grace"},
    "SiteWordsChanges": {"description": "Things of paper and light."},
    "SiteLookChanges": {"paper": "warm"},
    "SiteRobotsChanges": {"crawlers": "answer"},
    "RedirectChanges": {"target": "/posts/a-lamp-of-paper"},
    "NewRedirects": {"redirects": [{"path": "/lamp.html", "target": "/posts/a-lamp-of-paper"}]},
    "NewAuthor": {"author": "grace"},
    "NewIndexing": {"noindex": True},
    "NewRedirect": {"path": "/lamp", "target": "/posts/a-lamp-of-paper"},
    "Post": _SUMMARY | {"body": _BODY},
    "Publication": _SUMMARY | {"body": _BODY, "state": "published", "on_site": True, "published_at": _AT, "faults": []},
    "Restored": _SUMMARY | {"body": _BODY, "words": ""},
    "PostPage": {"posts": [_SUMMARY], "next_cursor": None},
    "Asset": _ASSET,
    "AssetPage": {"media": [_ASSET], "next_cursor": _ASSET_ID},
    "Tag": _TAG,
    "Tags": {"tags": [_TAG]},
    "TagWhole": _TAG | {"former_names": ["origami"]},
    "SeriesList": {"series": [_SERIES]},
    "SeriesWhole": _SERIES | {"parts": [_NAMED]},
    "Navigation": _NAVIGATION,
    "HomeProjects": {"projects": [{"post_id": _POST_ID, "title": "A lamp of paper", "on_site": True}]},
    "PreviewLinks": {"links": [_LINK]},
    "MadePreviewLink": _LINK | {"url": "https://example.org/preview/q4vR8m2Xk0s"},
    "Findings": {"revision": 2, "findings": [_FINDING]},
    "Backlinks": {"posts": [_NAMED]},
    "TroubledLinks": {"links": [_TROUBLED]},
    "AssetFile": {
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "waiting": _FILE | {"state": "pending", "reason": "", "since": _AT},
        "former": _FILE | {"trashed_at": _AT},
    },
    "AssetUses": {
        "uses": [
            {
                "post_id": _POST_ID,
                "kind": "post",
                "title": "A lamp of paper",
                "on_site": True,
                "in_draft": True,
                "places": ["cover", "text"],
            }
        ],
        "others": 0,
    },
    "SiteWords": _WORDS,
    "SiteLook": {"accent": "#006952", "paper": "warm", "typeface": "literata", "size": "normal", "measure": "normal"},
    "SiteRobots": {"crawlers": "answer", "unlisted": False, "extra": "Disallow: /drafts"},
    "SiteReading": {"beacon": True},
    "RedirectImport": {"added": 1, "known": 0},
    "RevisionEntry": _REVISION,
    "RevisionPage": {"revisions": [_REVISION], "next_cursor": "2"},
    "RevisionText": {name: value for name, value in _SUMMARY.items() if name not in _OF_POSTS_ONLY} | {"body": _BODY},
    "Redirect": _OLD,
    "RedirectPage": {"redirects": [_OLD], "next_cursor": None},
    "WebmentionDecision": {"ids": ["01JDF41A0Q0S6T8W2Y4Z6A8C8E"], "verdict": "accepted"},
    "WebmentionsDecided": {"changed": 1},
    "WebmentionPage": {"webmentions": [_WEBMENTION], "next_cursor": None},
    "ToldSites": {"told": [_TOLD]},
    "BlockedHosts": {"blocks": [{"host": "spam.example", "blocked_at": _AT}]},
    "WebmentionSwitches": {"outgoing": True, "incoming": True},
    "WebmentionSwitchesChanges": {"incoming": True},
    "Endpoint": _ENDPOINT,
    "Endpoints": {"endpoints": [_ENDPOINT]},
    "DeliveryPage": {"deliveries": [_DELIVERY], "next_cursor": None},
    "DeliveryWhole": _DELIVERY | {"tries": [_TRY]},
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
    "Breakdown": {"by": "page", "total": 11, "rows": [_SLICE], "before": [_SLICE | {"visitors": 40}]},
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
        "detail": "This file is shown in “A lamp of paper”, perhaps in an earlier revision: it stays.",
        "code": "conflict",
        "uses": [{"post_id": _POST_ID, "title": "A lamp of paper"}],
    },
}
"""By the name of the Struct."""
