"""Whatever the description allows, and much that it forbids: no fault of ours, no answer it does not name."""

from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from punchin.web import fal
from punchin.web.wire import HOSTED_MODEL
from support.web import GOOD, SECRET, Served

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 25


@pytest.fixture(scope="module")
def described(tmp_path_factory, ledger):
    served = Served(tmp_path_factory.mktemp("described"), ledger, sync_limit_s=0.05, dead_after_s=3600)
    yield served, schemathesis.openapi.from_asgi("/openapi.json", served.app)
    served.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_described(described, mode):
    served, schema = described
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        ask(operation, mode)
    if mode is GenerationMode.POSITIVE:
        accepted = {served.store.job(job).spec.model for job in served.line.waiting}
        assert accepted >= {HOSTED_MODEL, fal.MODEL}, "the test asks nothing worth asking"


def ask(operation, mode):
    """Many requests of one kind; what is asked for with a key gets one."""
    raw = operation.definition.raw
    if mode is GenerationMode.NEGATIVE and not (raw.get("parameters") or raw.get("requestBody")):
        return
    headers = {"Authorization": f"Bearer {SECRET}"} if raw.get("security") else {}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def asked(case):
        named = isinstance(case.body, dict) and {"audio", "audio_url"} & case.body.keys()
        if mode is GenerationMode.POSITIVE and named:
            # No address that is made up is one that may be read; with a good one the others are accepted.
            good = dict.fromkeys(named, GOOD["audio"]) | {"engine": "tone", "webhook_url": None}
            case.body, case.query = case.body | good, {}
        case.call_and_validate(headers=headers, checks=CHECKS)

    # Where every text is right, there is nothing wrong to send.
    with suppress(Unsatisfiable):
        asked()
