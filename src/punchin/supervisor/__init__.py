"""Keeps the service alive: starts its processes, starts them again, and does what is due in between."""
