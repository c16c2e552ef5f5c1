"""The `web` service: public site, CMS, dashboards, and the hooks that the worker calls."""
