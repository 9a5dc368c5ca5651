"""What each kind of task asks of a person: the permission without which nobody can do it.

A slice that opens a task of a new kind adds its line here. Tests hold the table to every `open_task` of the
code: no task may stand in the queue of somebody who cannot do it.
"""

from coordination.access.roles import ROLES, Role

WORK = "cases.work_case"
ASSESS_FLAG = "triage.assess_flag"
DECIDE_FLAG = "triage.decide_flag"
FILE = "referrals.file_referral"
APPROVE = "referrals.approve_referral"
RESTRICT = "restrictions.impose_restriction"
SIGN = "restrictions.sign_assessment"

# The kind of task, and the permission that doing it takes.
DUTIES: dict[str, str] = {
    "triage_senior": DECIDE_FLAG,
    "triage_review": DECIDE_FLAG,
    "triage_tier_1": ASSESS_FLAG,
    "monitor": DECIDE_FLAG,
    "mandated_report": "triage.file_report",
    "counsel_assessment": "triage.counsel_flag",
    "dual_role": "triage.counsel_flag",
    "deconfliction_ends": "triage.counsel_flag",
    "same_person": DECIDE_FLAG,
    "subject_returned": WORK,
    "warn_target": WORK,
    "file_referral": FILE,
    "file_crisis_referral": FILE,
    "revise_referral": FILE,
    "approve_referral": APPROVE,
    "approve_answer": APPROVE,
    "answer_question": "referrals.submit_referral",
    "answer_stopped": "referrals.submit_referral",
    "after_action_review": "referrals.close_referral",
    "break_glass_review": WORK,
    "break_glass_alert_duty_officer": WORK,
    "break_glass_alert_counsel": WORK,
    "phone_now": WORK,
    "phone_correction": WORK,
    "phone_recall": WORK,
    "correct_recalled": "referrals.correct_referral",
    "nothing_leaves": "referrals.withdraw_referral",
    "heard_late": WORK,
    "missed_deadline": WORK,
    "deadline_soon": WORK,
    "delivery_failed": "outbox.resend_delivery",
    "delivery_rejected": "outbox.resend_delivery",
    "delivery_held": "outbox.resend_delivery",
    "delivery_unknown": "outbox.resolve_delivery",
    "confirm_acknowledgement": APPROVE,
    "void_may_have_left": WORK,
    "void_has_left": WORK,
    "subject_elsewhere": WORK,
    "compartment_alone": "cases.keep_victim",
    "compartment_keeper": "cases.keep_nondisclosure",
    "decide_roles": "access.decide_rolechange",
    "confirm_token": "access.change_user",  # nosec B105 - a permission
    "approve_criteria": "policy.approve_criteria",
    "fast_readings": "access.view_ledgerreview",
    "verify_agency": "partners.change_agency",
    "verify_officer": "partners.change_agency",
    "verify_officer_again": "partners.change_agency",
    "call_back_agency": "partners.call_back_agency",
    "confirm_key": "partners.change_agency",
    "call_about_contact": "partners.change_agency",
    "change_contact": "partners.change_agency",
    "confirm_destination": "partners.change_destination",
    "decide_unsigned": "partners.change_agency",
    "glass_opened": "access.review_breakglass",
    "glass_review": "access.review_breakglass",
    "ledger_review": "access.view_ledgerreview",
    "lock_out": "access.change_user",
    "codes_guessed": "access.change_user",
    "connect_platform": "partners.change_destination",
    "restrict_by_hand": RESTRICT,
    "limit_failed": RESTRICT,
    "restriction_drift": RESTRICT,
    "review_restriction": RESTRICT,
    "say_eu_link": RESTRICT,
    "review_preservation": "restrictions.preserve_account",
    "assess_lift": SIGN,
    "sign_assessment": SIGN,
    "lift_restriction": "restrictions.lift_restriction",
    "answer_appeal": "restrictions.answer_appeal",
    "decide_notice": "restrictions.decide_notice",
    "verify_requester": "datarequests.verify_requester",
    "docket_request": "datarequests.docket_datarequest",
    "decide_request": "datarequests.decide_datarequest",
    "instruct_outside_counsel": "datarequests.clear_account",
    "seek_end_of_silence": "datarequests.clear_account",
    "send_silence_reminder": "datarequests.close_datarequest",
    "end_of_silence": "datarequests.keep_silence",
    "confirm_end_of_silence": "datarequests.keep_silence",
    "preserve_request": "datarequests.preserve_datarequest",
    "place_hold": "evidence.hold_exhibit",
    "prepare_notice": "datarequests.decide_datarequest",
    "approve_notice": "datarequests.approve_notice",
    "clear_account": "datarequests.clear_account",
    "choose_account": "datarequests.collect_datarequest",
    "give_user_notice": "datarequests.close_datarequest",
    "collect_request": "datarequests.collect_datarequest",
    "check_quality": "datarequests.check_quality",
    "sign_off_production": "datarequests.sign_off_production",
    "produce_request": "datarequests.produce_datarequest",
    "tell_requester": "datarequests.close_datarequest",
    "no_room": "evidence.keep_store",
    "unanchored": "evidence.keep_store",
}
# A decision that a life may hang on waits for everybody who may take it, not for one role's shift alone.
SHARED = (
    *("triage_senior", "triage_review", "approve_referral", "approve_answer", "confirm_acknowledgement"),
    *("glass_review", "compartment_keeper", "approve_criteria", "call_back_agency"),
    *("assess_lift", "sign_assessment", "lift_restriction"),
)
# What belongs to no case and ends with no other act: who has it says on its page what came of it.
BY_HAND = ("no_room", "fast_readings", "dual_role")
# Where the law asks for counsel, for counsel alone.
COUNSEL = (Role.COUNSEL, Role.DUTY_COUNSEL)


def permission_for(kind: str) -> str:
    """Return the permission that a task of this kind takes; the one to work on cases where none is named."""
    return DUTIES.get(kind, WORK)


def can_do(role: str, kind: str) -> bool:
    """Tell whether people of `role` may do a task of this kind."""
    rights = ROLES.get(Role(role)) if role in [*Role] else None
    return rights is not None and permission_for(kind) in rights.permissions
