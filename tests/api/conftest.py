"""Servers in this process."""

from support.web import ledger, quiet, serve, served

__all__ = ["ledger", "quiet", "serve", "served"]
