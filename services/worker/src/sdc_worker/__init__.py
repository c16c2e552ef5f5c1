"""The service of everything that takes time: log ingestion, analytics, cron jobs, images, mirrors, drills."""
