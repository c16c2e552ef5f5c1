"""The service of everything that takes time: log ingestion, analytics, cron jobs, images, mirrors, drills."""

import os

PARENT = os.getppid()
"""Who started this process, asked before the imports take their second: it may be gone when they are done."""
