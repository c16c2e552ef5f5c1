"""Alerts: who is told how the jobs fare, by mail and by addresses that a monitor watches."""
