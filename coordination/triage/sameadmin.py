"""On a flag's page: the other flags of its subject, and whether it is the person of another case."""

from typing import Any

from django.http import HttpRequest

from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, act
from coordination.cases import selectors as cases
from coordination.triage import forms, selectors, services
from coordination.triage.flagacts import FlagActs
from coordination.triage.models import Flag

ACTS = ("join", "keep_apart")


class SamePersonAdmin(FlagActs):
    """The acts that answer the question; the page includes triage/same.html."""

    def form_arguments(self, request: HttpRequest, record: Flag, wanted: Act) -> dict[str, Any]:
        """Let one choose among the cases that the person sees."""
        if wanted.name == "join":
            return {"cases": services.candidates_for(person(request), record)}
        return super().form_arguments(request, record, wanted)

    @act("triage.decide_flag", "Join the flag to a case", form=forms.JoinForm)
    def join(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Find that it is about the person of a case."""
        case = cases.case_for(person(request), data["case"])
        services.join_flag(record, case=case, by=person(request), reason=data["reason"])
        return f"The flag belongs to {case.reference}, with what waits because of it."

    @act("triage.decide_flag", "Keep them apart", form=forms.ApartForm)
    def keep_apart(self, request: HttpRequest, record: Flag, data: Data) -> str:
        """Find that it is about somebody else."""
        services.keep_apart(record, by=person(request), reason=data["reason"])
        return "They are kept apart, and this account will not be asked about again for these cases."


def is_asked(flag: Flag) -> bool:
    """Tell whether the question waits for an answer."""
    return cases.open_task(services.SAME_PERSON, flag.origin) is not None


def same_context(request: HttpRequest, flag: Flag) -> dict[str, Any]:
    """Return what triage/same.html shows."""
    asked = is_asked(flag)
    return {
        "asked": asked,
        "candidates": services.candidates_for(person(request), flag) if asked else [],
        "related": list(selectors.related(person(request), flag)),
    }
