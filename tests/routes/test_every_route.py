"""Every route as every caller, about what is theirs, what is somebody else's and what is not there.

Routes come from the URL configuration, callers from the table of roles, and what is right from the rule that
each route declares. Foreign and missing are compared byte for byte.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction

from coordination.access.services import Role
from coordination.core.rules import Records
from coordination.desk.routes import VERBS, Route, routes
from tests.routes import stage
from tests.routes.callers import NAMES, OFFICER_OF_OURS, OFFICER_OF_THEIRS, Caller
from tests.routes.conftest import Scene
from tests.routes.expected import OUT, About, Outcome, expected, hidden, outcome
from tests.routes.samples import sample

# Of the moment, not of the record.
NOT_COMPARED = {"Date", "Expires", "X-Request-ID"}
ROUTES = [route for route in routes() if route.rule is not None]


@pytest.mark.parametrize("name", NAMES)
def test_every_route_answers_this_caller_as_its_rule_says(scene: Scene, name: str) -> None:
    caller = scene.callers[name]
    wrong = [found for route in ROUTES for found in _tried(scene, caller, route)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["nobody", OFFICER_OF_OURS, Role.DUTY_OFFICER, Role.ADMINISTRATOR])
def test_no_route_answers_to_a_verb_without_a_rule(scene: Scene, name: str) -> None:
    caller = scene.callers[name]
    declared = {(route.address, route.verb) for route in ROUTES}
    wrong = []
    # An act shares its address with the others of its page.
    for route in {re.sub(r"/do/.*", "", route.address): route for route in ROUTES}.values():
        for verb in VERBS:
            if (route.address, verb) not in declared and (verb != "GET" or "/do/" not in route.address):
                met = outcome(_call(scene, caller, route, verb, About.OWN)[0])
                wrong += [] if met in OUT else [f"{verb} {route.address}: {met}"]
    assert not wrong, "\n".join(wrong)


def _tried(scene: Scene, caller: Caller, route: Route) -> Iterator[str]:
    assert route.rule is not None
    answers = {}
    for about in _worth_trying(route):
        answer, address = _call(scene, caller, route, route.verb, about)
        allowed = expected(route, route.rule, caller, about)
        met = outcome(answer)
        if met not in allowed:
            yield f"{route} ({about}): {met} ({answer.status_code}), expected {' or '.join(sorted(allowed))}"
        answers[about] = (met, _bytes(answer, address))
    if About.OWN not in answers or About.MISSING not in answers:
        return
    missing = answers[About.MISSING][1]
    for about in (About.OWN, About.FOREIGN):
        met, said = answers[about]
        led_on = met is Outcome.DOOR and _records(route) is not Records.OWN
        unseen = led_on or (about is About.FOREIGN and hidden(_records(route), caller))
        if (met is Outcome.ABSENT or unseen) and said != missing:
            yield f"{route}: {about} and missing can be told apart: {said!r} {missing!r}"


def _records(route: Route) -> Records:
    kind = stage.kinds().get(route.model)
    of_kind: Records = getattr(kind, "records", Records.NONE)
    return (route.rule.records if route.rule else Records.NONE) or of_kind


def _worth_trying(route: Route) -> tuple[About, ...]:
    if route.address.startswith(tuple(stage.OF_NOBODY)):
        return (About.MISSING,)
    return tuple(About) if _is_about_a_record(route) else (About.OWN,)


def _is_about_a_record(route: Route) -> bool:
    return bool(set(route.parameters) - {"url", "name"}) or route.address in stage.QUERIES


def _call(scene: Scene, caller: Caller, route: Route, verb: str, about: About) -> tuple[Any, str]:
    """Make the call as the caller and undo what it did; return the answer and the address."""
    worlds = {About.OWN: scene.shared, About.FOREIGN: scene.hidden, About.MISSING: None}
    if caller.name == OFFICER_OF_THEIRS:
        worlds |= {About.OWN: scene.hidden, About.FOREIGN: scene.shared}
    address = route.address
    for parameter in route.parameters:
        found = "nothing-here"
        if route.address.startswith(tuple(stage.OF_CALLERS | stage.OF_NOBODY)):
            found = _of_caller(scene, caller, about, route)
        elif parameter != "url":
            found = stage.value(route.address, parameter, route.model, worlds[about], scene.shared)
        address = address.replace(f"{{{parameter}}}", found)
    if route.address in stage.QUERIES:
        name, label, field = stage.QUERIES[route.address]
        address += "?" + urlencode({name: stage.one(label, field, worlds[about], scene.shared)})
    api = route.address.startswith("/api/")
    client = caller.at_the_api() if api else caller.browser()
    more: dict[str, Any] = {"headers": {"idempotency-key": "one"}, "content_type": "application/json"}
    given: Any = {"data": sample(route.address, verb), **more} if api else {}
    if verb == "GET":
        return client.get(address), address
    with transaction.atomic():
        answer = getattr(client, verb.lower())(address, **given)
        transaction.set_rollback(True)
    return answer, address


def _of_caller(scene: Scene, caller: Caller, about: About, route: Route) -> str:
    whose = caller if about is About.OWN else scene.callers[NAMES[0] if caller.name != NAMES[0] else NAMES[1]]
    known = about is not About.MISSING and not route.address.startswith(tuple(stage.OF_NOBODY))
    return (whose.session if known else "") or "987654321"


def _bytes(answer: Any, address: str) -> tuple[int, bytes, dict[str, str]]:
    """Return all that was answered; where it repeats the address that was asked for, without that."""
    headers = {name: value for name, value in answer.headers.items() if name not in NOT_COMPARED}
    content = answer.content
    if answer.status_code != 404:
        content = content.replace(address.encode(), b"")
        headers = {name: value.replace(quote(address), "") for name, value in headers.items()}
    return answer.status_code, content, headers
