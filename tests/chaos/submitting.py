"""The API side, as a program that can be killed: accepts jobs and says so, one line for each.

python -m chaos.submitting KEY_ID AUDIO NAME ...
"""

from __future__ import annotations

import os
import sys

from punchin.dispatch import DbosDispatcher
from punchin.settings import settings_from
from punchin.store import Store
from support.services import tone_job

if __name__ == "__main__":
    key_id, audio, *names = sys.argv[1:]
    store = Store.open(settings_from(os.environ).db_address)
    dispatcher = DbosDispatcher(store.engine)
    for name in names:
        spec = tone_job(audio, seed=int(name))
        job, new = store.submit(key_id, spec, idempotency_key=name, enqueue=dispatcher.enqueue)
        print(name, job.id, flush=True)
