"""The states of a referral."""

from enum import StrEnum

from coordination.core.transitions import Transitions


class ReferralState(StrEnum):
    """Where a referral stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    INFORMATION_REQUESTED = "information_requested"
    ANSWERED = "answered"
    OUTCOME = "outcome"
    AFTER_ACTION_REVIEW = "after_action_review"
    CLOSED = "closed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CORRECTED = "corrected"


class ReferralVerb(StrEnum):
    """What is done to a referral."""

    SUBMIT = "submit"
    RETURN = "return"
    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    MARK_SENT = "mark_sent"
    ACKNOWLEDGE = "acknowledge"
    REQUEST_INFORMATION = "request_information"
    ANSWER = "answer"
    REPORT_OUTCOME = "report_outcome"
    REVIEW = "review"
    CLOSE = "close"
    CORRECT = "correct"
    RECALL = "recall"


_S, _V = ReferralState, ReferralVerb
# Approved too: one recipient can have it, and speak, while another's delivery is still on its way.
_WITH_THEM = (_S.APPROVED, _S.SENT, _S.ACKNOWLEDGED, _S.INFORMATION_REQUESTED, _S.ANSWERED)

REFERRAL = Transitions(
    ReferralState,
    ReferralVerb,
    {
        (_S.DRAFT, _V.SUBMIT): _S.IN_REVIEW,
        (_S.DRAFT, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.IN_REVIEW, _V.RETURN): _S.DRAFT,
        (_S.IN_REVIEW, _V.APPROVE): _S.APPROVED,
        (_S.IN_REVIEW, _V.DECLINE): _S.DECLINED,
        (_S.IN_REVIEW, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.APPROVED, _V.WITHDRAW): _S.WITHDRAWN,
        (_S.APPROVED, _V.MARK_SENT): _S.SENT,
        # An acknowledgement can overtake the dispatcher's own record of sending.
        (_S.APPROVED, _V.ACKNOWLEDGE): _S.ACKNOWLEDGED,
        (_S.SENT, _V.ACKNOWLEDGE): _S.ACKNOWLEDGED,
        (_S.INFORMATION_REQUESTED, _V.ANSWER): _S.ANSWERED,
        **{(state, _V.REQUEST_INFORMATION): _S.INFORMATION_REQUESTED for state in _WITH_THEM},
        **{(state, _V.REPORT_OUTCOME): _S.OUTCOME for state in _WITH_THEM},
        (_S.OUTCOME, _V.REPORT_OUTCOME): _S.OUTCOME,
        # Asked back: what they do is their deliveries' news, and the referral is corrected.
        **{(state, _V.RECALL): state for state in (*_WITH_THEM, _S.OUTCOME)},
        (_S.OUTCOME, _V.REVIEW): _S.AFTER_ACTION_REVIEW,
        (_S.AFTER_ACTION_REVIEW, _V.CLOSE): _S.CLOSED,
        **{
            (state, _V.CORRECT): _S.CORRECTED
            # Withdrawn too: what we thought was stopped can have arrived all the same.
            for state in (*_WITH_THEM, _S.OUTCOME, _S.AFTER_ACTION_REVIEW, _S.CLOSED, _S.WITHDRAWN)
        },
    },
)


class Outcome(StrEnum):
    """What came of it, in the agency's words sorted into ours."""

    WELFARE_CHECK = "welfare_check"
    ARREST = "arrest"
    UNFOUNDED = "unfounded"
    TRANSFERRED = "transferred"
    NO_FEEDBACK = "no_feedback"
