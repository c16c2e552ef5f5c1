"""The `sdc` command: run, set up, back up and restore a site."""
