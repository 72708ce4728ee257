"""A worker: takes jobs one at a time, makes them, and says in the ledger how they ended.

assembling.worker_of(settings, slot).work(stop)     the process: engine kept warm, signs of life, orderly end
performing.Performer.run(job_id, attempt)           one job, from the song's address to its outputs

Nothing is imported here: the supervisor needs the names and locks of workers, but not numpy.
"""
