"""What is done to a data request before anything is collected, and what changes its course."""

from typing import Any

from django.http import HttpRequest

from coordination.access.modeladmin import person
from coordination.access.recordadmin import Data, Done, RecordAdmin, act
from coordination.core.errors import NotFound
from coordination.datarequests import forms, selectors, services
from coordination.datarequests.models import DataRequest, NamedAccount
from coordination.partners import selectors as partners


def account_of(record: DataRequest, pk: object) -> NamedAccount:
    """Return a named account of this request, or raise NotFound."""
    found = next((each for each in selectors.accounts_of(record) if str(each.pk) == str(pk)), None)
    if found is None:
        raise NotFound
    return found


class RequestActs(RecordAdmin):
    """The acts on a request itself."""

    @act("datarequests.verify_requester", "Record the call back", form=forms.VerifyForm)
    def verify_requester(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Say that who asks is who they say."""
        chosen = str(data["officer"])
        officers = partners.officers_of(record.agency)
        officer = next((each for each in officers if str(each.pk) == chosen), None) if chosen else None
        services.verify_requester(record, by=person(request), how=data["how"], officer=officer)
        return "Who asks is verified. Docket it next."

    @act("datarequests.docket_datarequest", "Docket it")
    def docket(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """Put it on the docket."""
        services.docket(record, by=person(request))
        return f"{record.reference} is on the docket. Look at its face next."

    @act("datarequests.file_datarequest", "Attach the process itself", form=forms.ScanForm)
    def attach_scan(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Take in the process as it was served."""
        file = data["file"]
        kept = services.attach_scan(record, by=person(request), content=file, filename=str(file.name))
        return f"The process is exhibit {kept.reference}."

    @act("datarequests.docket_datarequest", "Look at its face", form=forms.CheckForm)
    def check_validity(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Go through what it has to say."""
        said = {"yes": True, "no": False}.get(data["addressed"])
        _, looks = services.check_validity(record, by=person(request), addressed_right=said)
        lacking = sum(each.stops for each in looks)
        return f"{len(looks) - lacking} of {len(looks)} points hold."

    @act("datarequests.decide_datarequest", "Return it for what it lacks", grave=True)
    def return_deficient(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """Write the deficiency letter."""
        services.return_deficient(record, by=person(request))
        return "It is returned. The letter is an exhibit of the case; a task asks to send it."

    @act("datarequests.docket_datarequest", "Enter what they supplied", form=forms.FaceForm)
    def amend(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Take in what was missing."""
        form = forms.FaceForm(request.POST)
        form.is_valid()
        services.amend(record, by=person(request), accounts=form.accounts(), **face_of(data))
        return "It is docketed again. Look at its face anew."

    @act("datarequests.decide_datarequest", "Narrow it", form=forms.NarrowForm, grave=True)
    def narrow(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Make it smaller."""
        kept = list(data["categories"])
        services.narrow(
            record,
            by=person(request),
            reason=data["reason"],
            categories=kept if set(kept) != set(record.categories) else None,
            range_from=data["range_from"],
            range_until=data["range_until"],
            strike=[account_of(record, each) for each in data["strike"]],
        )
        return "It is narrowed. What was collected for it is void; look at its face anew."

    @act("datarequests.decide_datarequest", "Accept it", form=forms.AcceptForm, grave=True)
    def accept(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Find it good."""
        services.accept(record, by=person(request), reason=data["reason"])
        return "It is accepted. The gate below says what may leave, and nothing else does."

    @act("datarequests.decide_datarequest", "Reject it", form=forms.RejectForm, grave=True)
    def reject(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Reject it with a word."""
        services.reject(record, by=person(request), rejection=data["rejection"], reason=data["reason"])
        return "It is rejected. Nothing leaves; a task asks to tell them."

    @act("datarequests.decide_datarequest", "Give the user notice first")
    def give_notice(self, request: HttpRequest, record: DataRequest, data: Data) -> str:  # noqa: ARG002
        """Tell the user before anything leaves."""
        services.give_notice(record, by=person(request))
        return "The user is told first, by a person. Nothing is collected before the window ends."

    @act("datarequests.decide_datarequest", "Keep silent", form=forms.BecauseForm)
    def keep_silent(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Do not tell the user before disclosure."""
        services.keep_silent(record, by=person(request), because=data["because"])
        return "The user is not told before disclosure."

    @act("datarequests.close_datarequest", "Extend the return date", form=forms.ExtendForm)
    def extend(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Move the return date."""
        services.extend(record, by=person(request), return_on=data["return_on"], because=data["because"])
        return f"It is due on {data['return_on']} now."

    @act("datarequests.close_datarequest", "Record an objection in court", form=forms.ReasonForm, grave=True)
    def object_(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Stop it while a court decides."""
        services.object_(record, by=person(request), reason=data["reason"])
        return "It stands still until the court has decided. What was signed is void."

    @act("datarequests.decide_datarequest", "Go on: the objection was overruled", form=forms.ReasonForm)
    def resume(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """Go on from where it was accepted."""
        services.resume(record, by=person(request), reason=data["reason"])
        return "It goes on from where it was accepted."

    @act("datarequests.close_datarequest", "The court quashed it", form=forms.ReasonForm, grave=True)
    def quash(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """End it by the court's word."""
        services.quash(record, by=person(request), reason=data["reason"])
        return "It is quashed. Nothing leaves."

    @act("datarequests.close_datarequest", "They withdrew it", form=forms.ReasonForm, grave=True)
    def withdraw(self, request: HttpRequest, record: DataRequest, data: Data) -> str:
        """End it by the requester's word."""
        services.withdraw(record, by=person(request), reason=data["reason"])
        return "It is withdrawn. Nothing leaves."

    @act("datarequests.close_datarequest", "Close it", form=forms.CloseForm, grave=True)
    def close(self, request: HttpRequest, record: DataRequest, data: Data) -> Done:
        """End it with a word."""
        services.close(record, by=person(request), closure=data["closure"], note=data["note"])
        return Done(f"{record.reference} is closed.")


def face_of(data: Data) -> dict[str, Any]:
    """Return what was filled in of the face: an empty field changes nothing."""
    names = {*forms.FaceForm.base_fields} - {"usernames", "user_ids", "emails", "phones"}
    return {name: data[name] for name in names if data.get(name)}
