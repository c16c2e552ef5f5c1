"""Cron: which jobs there are, when they are due, and what came of each run."""
