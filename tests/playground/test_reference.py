"""The page of all routes, in a real browser, from this server alone."""

import pytest

pytestmark = pytest.mark.slow


def test_every_route_is_shown_and_nothing_is_fetched_from_elsewhere(someone, served):
    person = someone()
    page = person.page
    page.goto(f"{served.base}/docs")
    page.wait_for_selector("#reference .opblock")
    with served.api() as api:
        described = api.get("/openapi.json").json()
    routes = {(verb, path) for path, each in described["paths"].items() for verb in each}
    assert page.locator("#reference .opblock").count() == len(routes)
    person.is_content()
