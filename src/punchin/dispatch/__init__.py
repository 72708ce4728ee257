"""Brings jobs to workers. The ledger says what a job is; a dispatcher only says who does it next.

prepare(address)                    make the dispatcher's tables and its queue; once, before anybody else
dispatcher = DbosDispatcher(...)    every process makes its own
store.submit(..., enqueue=dispatcher.enqueue)
"""

from punchin.dispatch.durable import DbosDispatcher, prepare
from punchin.dispatch.model import Dispatcher, Run, Standing

__all__ = ["DbosDispatcher", "Dispatcher", "Run", "Standing", "prepare"]
