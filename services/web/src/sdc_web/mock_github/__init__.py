"""A made-up GitHub for development, on a site of this machine alone: it checks what the real one checks."""

from sdc_web.mock_github.routes import router

__all__ = ["router"]
