"""The pages of law and policy: the desk reads, nobody writes, and each says what it is not."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from coordination.access.roles import ROLES, Role
from coordination.core import clock
from coordination.policy import selectors, services
from coordination.policy.models import Clock, CriteriaVersion, EmergencyNumber, LegalBasis, Pack
from coordination.policy.processmodels import ProcessGate, ValidityRule
from tests.doors import signed_in
from tests.people import Cast
from tests.policy.conftest import WritePack

pytestmark = pytest.mark.django_db

MODELS = (Pack, LegalBasis, Clock, CriteriaVersion, EmergencyNumber, ProcessGate, ValidityRule)
READERS = [role for role, rights in ROLES.items() if "policy.view_pack" in rights.permissions]


def page(model: type, view: str = "changelist", *args: object) -> str:
    return reverse(f"admin:policy_{model.__name__.lower()}_{view}", args=args)


@pytest.fixture
def reading(client: Client, cast: Cast, shipped: list[Pack]) -> Client:
    signed_in(cast(Role.AUDITOR), client)
    return client


@pytest.mark.parametrize("role", READERS)
def test_every_role_of_the_desk_reads(client: Client, cast: Cast, shipped: list[Pack], role: str) -> None:
    signed_in(cast(role), client)
    for model in MODELS:
        assert client.get(page(model)).status_code == 200


@pytest.mark.parametrize("role", [Role.OFFICER, Role.PLATFORM_SYSTEM])
def test_nobody_outside_the_desk_reads(client: Client, cast: Cast, shipped: list[Pack], role: str) -> None:
    signed_in(cast(role), client)
    for model in MODELS:
        assert client.get(page(model)).status_code in {302, 403}


@pytest.mark.parametrize("model", MODELS)
def test_nobody_writes(client: Client, cast: Cast, shipped: list[Pack], model: type) -> None:
    signed_in(cast(Role.ADMINISTRATOR), client)
    row = model._default_manager.first()  # type: ignore[attr-defined]
    before = model._default_manager.values().get(pk=row.pk)  # type: ignore[attr-defined]
    for end in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
        assert client.post(page(model) + end, {"code": "other"}).status_code in {403, 404, 405}
    assert model._default_manager.values().get(pk=row.pk) == before  # type: ignore[attr-defined]


def test_each_page_says_that_it_is_no_legal_advice(reading: Client) -> None:
    for model in MODELS:
        row = model._default_manager.first()  # type: ignore[attr-defined]
        for address in (page(model), page(model, "change", row.pk)):
            assert "Nothing here is legal advice" in reading.get(address).content.decode(), address


def test_what_counsel_must_confirm_is_marked_beside_its_citation(reading: Client) -> None:
    text = reading.get(page(LegalBasis)).content.decode()
    assert "18 USC 2702(b)(8), 2711(4)" in text
    in_force = LegalBasis.objects.filter(pack__in=selectors.packs_in_force())
    marked = in_force.filter(counsel_confirm=True).count()
    assert text.count("have counsel confirm</td>") == marked


def test_the_list_shows_what_is_in_force_and_an_old_row_stays_readable(
    client: Client, cast: Cast, write_pack: WritePack
) -> None:
    body = (
        "[[legal_bases]]\nid = 'test.basis'\ntitle = '{0}'\nstatute = 'Test Act'\n"
        "citation = 'Test Act s. 1'\ndata_categories = ['content']\nrecipient_classes = ['addressee']\n"
    )
    services.load(write_pack(body.format("the first wording")))
    services.load(write_pack(body.format("the second wording"), version="2", begins="2026-03-01"))
    old = LegalBasis.objects.get(pack__version="1")
    signed_in(cast(Role.COUNSEL), client)
    with clock.frozen(datetime(2026, 3, 6, tzinfo=UTC)):
        listed = client.get(page(LegalBasis)).content.decode()
    assert "the second wording" in listed
    assert "the first wording" not in listed
    assert "the first wording" in client.get(page(LegalBasis, "change", old.pk)).content.decode()


def test_the_criteria_read_as_text(reading: Client) -> None:
    row = CriteriaVersion.objects.latest("effective_from")
    text = reading.get(page(CriteriaVersion, "change", row.pk)).content.decode()
    assert "4. High" in text
    assert "mass casualty" in text
