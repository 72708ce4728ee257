"""Jobs as answers: their outputs as addresses or as base64."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from punchin.web.addresses import own_base
from punchin.web.wire import task_of

if TYPE_CHECKING:
    from punchin.store import JobRecord
    from punchin.web.addresses import Base
    from punchin.web.front import Front
    from punchin.web.wire import Task

GONE = "the output is not kept any more"


def told(front: Front, base: Base, job: JobRecord) -> Task:
    """A job as the hosted API tells of it, outputs as its owner asked for them."""
    if job.result is None or not job.spec.base64_output:
        return told_with_addresses(front, base, job)
    largest = front.settings.max_base64_mb * 1_000_000
    outputs = job.result.outputs
    if too_large := next((output for output in outputs if output.bytes > largest), None):
        refusal = (
            f"the output has {too_large.bytes} bytes, more than the {largest:.0f} that this server gives as "
            f"base64; submit without enable_base64_output, or read GET /v1/jobs/{job.id}"
        )
        return task_of(job, base.result(job.id), refusal=refusal)
    try:
        texts = [base64.b64encode(front.files.read(output.key)).decode() for output in outputs]
    except FileNotFoundError:
        return task_of(job, base.result(job.id), refusal=GONE)
    return task_of(job, base.result(job.id), texts)


def told_with_addresses(front: Front, base: Base, job: JobRecord, *, with_input: bool = True) -> Task:
    """A job with the addresses of its outputs, whatever its owner asked for: lists must stay short."""
    outputs = job.result.outputs if job.result else ()
    addresses = [front.addresses.of_file(base, output.key) for output in outputs]
    return task_of(job, base.result(job.id), addresses, with_input=with_input)


def told_to_owner(front: Front, job: JobRecord) -> Task:
    """A job as a message to its owner's server has it: nobody asks, so the settings say who we are."""
    return told_with_addresses(front, own_base(front.settings), job)
