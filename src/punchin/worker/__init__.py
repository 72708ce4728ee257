"""A worker: takes jobs one at a time, makes them, and says in the ledger how they ended.

worker_of(settings, slot).work(stop)    the process: engine kept warm, signs of life, orderly end
Performer.run(job_id, attempt)          one job, from the song's address to the outputs in the file store
"""

from punchin.worker.assembling import worker_of
from punchin.worker.engines import WarmEngines
from punchin.worker.failures import failure_of, harmless
from punchin.worker.performing import Performer
from punchin.worker.working import Worker, worker_id

__all__ = ["Performer", "WarmEngines", "Worker", "failure_of", "harmless", "worker_id", "worker_of"]
