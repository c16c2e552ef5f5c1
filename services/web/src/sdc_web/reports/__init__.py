"""Reports: what the worker tells of visitors, jobs and backups, read through its signed surface."""
