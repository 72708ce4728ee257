"""Keeps the service alive: starts its processes, starts them again, and does what is due in between.

supervisor = supervisor_of(settings)        tables made, first key made
supervisor.supervise(stop)
"""

from punchin.supervisor.assembling import supervisor_of
from punchin.supervisor.supervising import Supervisor

__all__ = ["Supervisor", "supervisor_of"]
