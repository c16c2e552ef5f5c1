"""The worker's HTTP surface: `docs/interfaces.md`, section "Worker's surface"."""
