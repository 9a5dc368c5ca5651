"""Schedules, pages and how people are woken. One transaction each, every change an entry in the ledger."""

from coordination.oncall.models import ContactWay, Override, Page, Rotation, Schedule
from coordination.oncall.services.climbing import CLIMBING, beat, climb
from coordination.oncall.services.contacts import add_way, confirm_way, remove_way, send_code
from coordination.oncall.services.links import answer_by_link, forget_links, make_link
from coordination.oncall.services.paging import answer, answer_for, end_for, open_page, open_pages, page_again
from coordination.oncall.services.schedules import (
    add_rotation,
    end_rotation,
    end_stand_in,
    open_schedule,
    stand_in,
)

__all__ = [
    "CLIMBING",
    "ContactWay",
    "Override",
    "Page",
    "Rotation",
    "Schedule",
    "add_rotation",
    "add_way",
    "answer",
    "answer_by_link",
    "answer_for",
    "beat",
    "climb",
    "confirm_way",
    "end_for",
    "end_rotation",
    "end_stand_in",
    "forget_links",
    "make_link",
    "open_page",
    "open_pages",
    "open_schedule",
    "page_again",
    "remove_way",
    "send_code",
    "stand_in",
]
