"""Keeps the service alive: starts its processes, starts them again, and does what is due in between.

supervisor = supervisor_of(settings)        tables made
supervisor.supervise(stop)
"""

from punchin.supervisor.assembling import first_key, supervisor_of
from punchin.supervisor.supervising import Supervisor

__all__ = ["Supervisor", "first_key", "supervisor_of"]
