"""An agency's tokens and signing keys on its page. Every act calls a service, which asks and records."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse

from coordination.access import services as access
from coordination.access.forms import HeldForm, RevokeForm, RotateForm
from coordination.access.recordadmin import Data, Done, RecordAdmin, act
from coordination.access.services import ApiToken
from coordination.access.tokenpage import issued, shown_once
from coordination.core.errors import NotFound
from coordination.partners import selectors, services
from coordination.partners.forms import (
    AgencyTokenForm,
    HowConfirmedForm,
    KeyForm,
    ReasonForm,
    ShortReasonForm,
)
from coordination.partners.models import Agency, AgencyKey, Officer

CHANGE_AGENCY = "partners.change_agency"
CHANGE_TOKENS = "access.change_user"


class KeysAndTokens(RecordAdmin):
    """What an agency proves itself by: the tokens of its officers and systems, and the keys it signs with.

    A target that belongs to another agency is as unknown as a missing one.
    """

    def keys_and_tokens(self, request: HttpRequest, agency: Agency) -> dict[str, Any]:
        """Return what the page shows of them; tokens to who may see people."""
        keys = [
            (key, key.registered_by_id != request.user.pk or key.registered_by_id is None)
            for key in selectors.keys_of(agency)
        ]
        sees = access.has(request.user, "access.view_user")
        decides = access.has(request.user, CHANGE_AGENCY) and selectors.unsigned_waits(agency)
        return {
            "keys": keys,
            "tokens": list(selectors.tokens_of(agency)) if sees else None,
            "unsigned_until": selectors.unsigned_until(agency) if decides else None,
        }

    @act(CHANGE_AGENCY, "Register a signing key", form=KeyForm)
    def register_key(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Write down a public key."""
        key = services.register_key(
            record,
            by=access.person(request.user),
            public_key=data["public_key"],
            how_known=data["how_known"],
        )
        return f"{key} is registered; another person has to confirm it."

    @act(CHANGE_AGENCY, "Confirm", form=HowConfirmedForm, step_up=True)
    def confirm_key(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Put a key to use."""
        key = services.confirm_key(
            _key(record, data), by=access.person(request.user), how_confirmed=data["how_confirmed"]
        )
        return f"{key} is in use."

    @act(CHANGE_AGENCY, "Revoke", form=ShortReasonForm, grave=True)
    def revoke_key(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """End a key at once."""
        key = services.revoke_key(_key(record, data), by=access.person(request.user), reason=data["reason"])
        return f"{key} is revoked: nothing signed by it is taken."

    @act(CHANGE_AGENCY, "Require signatures", form=ReasonForm)
    def require_signatures(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Take nothing unsigned from the agency."""
        by = access.person(request.user)
        services.require_signatures(record, by=by, reason=data["reason"])
        return "Nothing unsigned is taken from this agency any more."

    @act(CHANGE_AGENCY, "Propose to require signatures no more", form=ReasonForm, grave=True, step_up=True)
    def propose_unsigned(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Ask another administrator to take what is not signed."""
        services.propose_unsigned(record, by=access.person(request.user), reason=data["reason"])
        return "It is proposed; another administrator decides within three days."

    @act(CHANGE_AGENCY, "Require signatures no more", form=ReasonForm, grave=True, step_up=True)
    def allow_unsigned(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Take what is not signed again, as another administrator proposed."""
        services.allow_unsigned(record, by=access.person(request.user), reason=data["reason"])
        return "The agency may send unsigned again."

    @act(CHANGE_AGENCY, "Go on requiring signatures", form=ReasonForm)
    def drop_unsigned(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Say no, or take one's own proposal back."""
        services.drop_unsigned(record, by=access.person(request.user), reason=data["reason"])
        return "The proposal is dropped. Nothing unsigned is taken from this agency."

    @act(CHANGE_TOKENS, "Issue a token", form=AgencyTokenForm, step_up=True)
    def issue_token(self, request: HttpRequest, record: Agency, data: Data) -> Done:
        """Issue a token for an officer, or for the agency's system."""
        token, plain = access.issue_token(
            _officer(record, data).user,
            by=access.person(request.user),
            name=data["name"],
            scopes=data["scopes"],
            expires_in=timedelta(days=data["days"]),
        )
        return issued(request, token, plain)

    @act(CHANGE_TOKENS, "Rotate", form=RotateForm, step_up=True)
    def rotate_token(self, request: HttpRequest, record: Agency, data: Data) -> Done:
        """Issue a successor; the old one goes on for the overlap."""
        overlap = timedelta(days=data["overlap_days"])
        token, plain = access.rotate_token(
            _token(record, data), by=access.person(request.user), overlap=overlap
        )
        return issued(request, token, plain)

    @act(CHANGE_TOKENS, "Confirm", form=HeldForm, step_up=True)
    def confirm_token(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """Let a token that another administrator issued open what it is for."""
        token = _token(record, data)
        access.confirm_token(token, by=access.person(request.user), how=data["reason"])
        return f"Token {token.reference} opens what it is for."

    @act(CHANGE_TOKENS, "Revoke", form=RevokeForm, grave=True)
    def revoke_token(self, request: HttpRequest, record: Agency, data: Data) -> str:
        """End a token at once."""
        token = _token(record, data)
        access.revoke_token(token, by=access.person(request.user), reason=data["reason"])
        return f"Token {token.reference} is revoked."

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Show a token's plain text in place of the redirect: a message would be stored."""
        return shown_once(self, request, super().act_view(request, object_id, name))


def _key(agency: Agency, data: Data) -> AgencyKey:
    return _of(selectors.keys_of(agency), "key_id", data)  # type: ignore[no-any-return]


def _token(agency: Agency, data: Data) -> ApiToken:
    return _of(selectors.tokens_of(agency), "reference", data)  # type: ignore[no-any-return]


def _officer(agency: Agency, data: Data) -> Officer:
    return _of(selectors.officers_of(agency), "pk", data)  # type: ignore[no-any-return]


def _of(own: Any, name: str, data: Data) -> Any:
    wanted = str(data["target"])
    found = next((each for each in own if str(getattr(each, name)) == wanted), None)
    if found is None:
        raise NotFound
    return found
