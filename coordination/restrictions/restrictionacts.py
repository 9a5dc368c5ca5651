"""What can be done about a restriction or a preservation from its page."""

from typing import Any

from django.http import HttpRequest

from coordination.access.modeladmin import person
from coordination.access.recordadmin import Act, Data, RecordAdmin, act
from coordination.cases import selectors as cases
from coordination.core.errors import NotFound
from coordination.restrictions import forms, selectors, services
from coordination.restrictions.models import Preservation, Restriction

IMPOSE = "restrictions.impose_restriction"
PRESERVE = "restrictions.preserve_account"
ASK = "restrictions.ask_lift"
SIGN = "restrictions.sign_assessment"
LIFT = "restrictions.lift_restriction"
COUNSEL = "restrictions.decide_notice"
ORDERS = "restrictions.keep_order"


def _row(rows: Any, data: Data) -> Any:
    """Return the row of the page that an act names; raise NotFound for any other."""
    found = next((each for each in rows if str(each.pk) == str(data["target"])), None)
    if found is None:
        raise NotFound
    return found


class RestrictionActs(RecordAdmin):
    """The acts of a restriction's page, each with its permission and a reason."""

    def offers(self, request: HttpRequest, record: Restriction, wanted: Act) -> bool:
        """Offer what the state allows, to who may work on the case; to no signer what they may not sign."""
        if not cases.may(person(request), record.case, "work_case"):
            return False
        stands = record.state in ("ordered", "in_force")
        assessment = selectors.open_assessment(record)
        state = assessment.state if assessment is not None else ""
        barred = selectors.barred_from_signing(assessment) if assessment is not None else set()
        asked = assessment is not None and person(request).pk == assessment.asked_by_id
        allowed = {
            "step_up": record.state != "lifted" and record.level < len(forms.STEPS),
            "keep": stands,
            "say_link": stands and not record.eu_link,
            "report": record.state == "in_force",
            "ask_lift": stands and not state and selectors.order_in_force(record) is None,
            "assess": state == "asked" and not asked,
            "sign": state == "completed" and person(request).pk not in barred | _signed(assessment),
            "lift": state == "completed" and len(_signed(assessment)) > 1,
            "decline_lift": bool(state),
        }
        return allowed.get(wanted.name, True)

    def form_arguments(self, request: HttpRequest, record: Restriction, wanted: Act) -> dict[str, Any]:  # noqa: ARG002
        """Put the digest of what the page shows into the form of the signature."""
        if wanted.name != "sign":
            return {}
        assessment = selectors.open_assessment(record)
        return {"seen": assessment.digest if assessment else ""}

    @act(IMPOSE, "Step up", form=forms.StepForm)
    def step_up(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Restrict further; the platform is told."""
        wanted = {name: data[name] for name in ("step", "reason", "authority", "expires_at")}
        services.impose(record.case, account=record.account, by=person(request), **wanted)
        return "The step is ordered. It is in force once the platform confirms."

    @act(IMPOSE, "It stands", form=forms.ReasonForm)
    def keep(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Record that it was looked at and stands."""
        services.keep(record, by=person(request), reason=data["reason"])
        return "It stands, until it is looked at again."

    @act(IMPOSE, "Ask the platform what is in force")
    def report(self, request: HttpRequest, record: Restriction, data: Data) -> str:  # noqa: ARG002
        """Have the platform say what it has."""
        services.ask(record, by=person(request))
        return "The platform is asked. A difference opens a task."

    @act(IMPOSE, "Done by hand", form=forms.HowForm)
    def confirm_by_hand(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Record what was done in the platform's own tools."""
        command = _row(selectors.commands_of(record), data)
        services.confirm_by_hand(command, by=person(request), how=data["how"])
        return "It is on record as done by hand."

    @act(PRESERVE, "Preserve what the account holds", form=forms.ReasonForm)
    def preserve(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Order a preservation of the same account."""
        services.preserve(record.case, account=record.account, reason=data["reason"], by=person(request))
        return "The preservation is ordered."

    @act(ASK, "Ask to lift it, or to step down", form=forms.AskLiftForm)
    def ask_lift(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Ask; others assess and sign."""
        services.ask_lift(record, by=person(request), reason=data["reason"], to_step=data["to_step"])
        return "It is asked for. Somebody else assesses the risk, and two others sign."

    @act(SIGN, "Complete the risk assessment", form=forms.AssessForm)
    def assess(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Complete the assessment, which then never changes."""
        words = {name: data[name] for name in forms.AssessForm.base_fields}
        services.assess(_open(record), by=person(request), **words)
        return "The risk is assessed. Two people sign exactly this."

    @act(SIGN, "Sign", form=forms.SignForm, step_up=True)
    def sign(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Sign exactly what the page showed."""
        services.sign(_open(record), by=person(request), digest=data["digest"])
        return "You have signed."

    @act(LIFT, "Do what two have signed", grave=True, step_up=True)
    def lift(self, request: HttpRequest, record: Restriction, data: Data) -> str:  # noqa: ARG002
        """Lift it, or let it down a step."""
        services.lift(_open(record), by=person(request))
        return "It is ordered. It is so once the platform confirms."

    @act(LIFT, "Decline", form=forms.ReasonForm)
    def decline_lift(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Decide against it."""
        services.decline_lift(_open(record), by=person(request), reason=data["reason"])
        return "Declined. The restriction stands."

    @act("restrictions.receive_appeal", "Write down an appeal", form=forms.AppealForm)
    def receive_appeal(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Write down what the user says."""
        services.receive_appeal(record, by=person(request), text=data["text"])
        return "It is written down, and waits for an answer. It lifts nothing."

    @act("restrictions.answer_appeal", "Answer", form=forms.AnswerForm)
    def answer_appeal(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Answer one with reasons."""
        appeal = _row(selectors.appeals_of(record), data)
        services.answer_appeal(appeal, by=person(request), answer=data["answer"])
        return "It is answered."

    @act(ORDERS, "Record a protective order", form=forms.OrderForm)
    def record_order(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Record a court's order: while it is in force nothing is lifted."""
        fields = {name: data[name] for name in ("court", "number", "valid_from", "valid_until", "exhibit")}
        account = "" if data["whole_case"] else record.account
        services.record_order(record.case, by=person(request), account=account, **fields)
        return "It is recorded. While it is in force nothing is lifted."

    @act(ORDERS, "A court ended it", form=forms.ReasonForm)
    def end_order(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Record that an order ended before its time."""
        order = _row(selectors.orders_of(record.case), data)
        services.end_order(order, by=person(request), reason=data["reason"])
        return "It is recorded as ended."

    @act(IMPOSE, "Say whether there is a link to the Union", form=forms.LinkForm)
    def say_link(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Record it, and have the user told where there is one."""
        linked = data["linked"] == "yes"
        told = {name: data[name] for name in ("facts", "ground", "tips_off")}
        notice = services.Notice(**told) if linked else None
        services.say_link(record, by=person(request), linked=linked, reason=data["reason"], notice=notice)
        return "It is on record. The user is told why, or counsel decides." if linked else "It is on record."

    @act(COUNSEL, "Release the statement", form=forms.ReasonForm)
    def release_statement(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Have the user told why."""
        statement = _row(selectors.statements_of(record), data)
        services.release(statement, by=person(request), reason=data["reason"])
        return "Released: the user is told with the next command."

    @act(COUNSEL, "Withhold the statement", form=forms.ReasonForm)
    def withhold_statement(self, request: HttpRequest, record: Restriction, data: Data) -> str:
        """Keep the statement back."""
        statement = _row(selectors.statements_of(record), data)
        services.withhold(statement, by=person(request), reason=data["reason"])
        return "Withheld, with your reasons."


class PreservationActs(RecordAdmin):
    """The acts of a preservation's page."""

    def offers(self, request: HttpRequest, record: Preservation, wanted: Act) -> bool:
        """Offer what the state allows, to who may work on the case."""
        if not cases.may(person(request), record.case, "work_case"):
            return False
        return record.state == "review" if wanted.name == "let_go" else record.state != "ended"

    @act(IMPOSE, "Done by hand", form=forms.HowForm)
    def confirm_by_hand(self, request: HttpRequest, record: Preservation, data: Data) -> str:
        """Record what was done in the platform's own tools."""
        command = _row(selectors.commands_about(record), data)
        services.confirm_by_hand(command, by=person(request), how=data["how"])
        return "It is on record as done by hand."

    @act(PRESERVE, "Let it run on", form=forms.ReasonForm)
    def extend(self, request: HttpRequest, record: Preservation, data: Data) -> str:
        """Extend it from now, by the clock of policy."""
        services.extend(record, by=person(request), reason=data["reason"])
        return "It runs on."

    @act(PRESERVE, "Let it go", form=forms.ReasonForm, grave=True)
    def let_go(self, request: HttpRequest, record: Preservation, data: Data) -> str:
        """End it: the platform deletes what it kept."""
        services.let_go(record, by=person(request), reason=data["reason"])
        return "It is let go: the platform is told."


def _open(record: Restriction) -> Any:
    assessment = selectors.open_assessment(record)
    if assessment is None:
        raise NotFound
    return assessment


def _signed(assessment: Any) -> set[int]:
    """Return who signed, whether or not they may still."""
    return {each.signed_by_id for each in selectors.signatures_of(assessment)} if assessment else set()
