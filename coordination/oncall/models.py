"""Who is on call, who is paged and what came of it, and when each machine was last heard of."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from coordination.core.fields import SealedTextField
from coordination.core.models import states_constraint
from coordination.oncall.workflow import Answered, PageState, Result
from coordination.policy.workflow import Way

PERSON = settings.AUTH_USER_MODEL


class Schedule(models.Model):
    """A list of who has the calls when, in one time zone. Policy names it by its `code`."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=64)
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        permissions = [
            ("view_schedule", "See who is on call"),
            ("keep_schedule", "Say who is on call when"),
        ]

    def __str__(self) -> str:
        return self.name


class Rotation(models.Model):
    """People who take turns, from hand-over to hand-over. One of a higher layer covers those below it.

    `begins` and `ends` are local days: the first hand-over is on the first `weekday` from `begins` on.
    """

    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="rotations")
    layer = models.PositiveSmallIntegerField(default=0)
    weekday = models.PositiveSmallIntegerField(help_text="0 is Monday.")
    at = models.TimeField()
    days = models.PositiveSmallIntegerField()
    begins = models.DateField()
    ends = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-layer", "pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="oncall_rotation_weekday"),
            models.CheckConstraint(condition=Q(days__gte=1), name="oncall_rotation_lasts"),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("begins")), name="oncall_rotation_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return f"rotation {self.pk}"


class RotationMember(models.Model):
    """One of the people of a rotation, at their place."""

    rotation = models.ForeignKey(Rotation, models.PROTECT, related_name="members")
    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["rotation", "position"], name="oncall_member_place"),
            models.UniqueConstraint(fields=["rotation", "person"], name="oncall_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.position}"


class Override(models.Model):
    """Somebody stands in, from one moment to another, whoever's turn it is. The latest one made wins."""

    schedule = models.ForeignKey(Schedule, models.PROTECT, related_name="overrides")
    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    begins = models.DateTimeField()
    ends = models.DateTimeField()
    reason = SealedTextField()
    made_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["begins"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(ends__gte=F("begins")), name="oncall_override_ends_later")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} stands in"


class ContactWay(models.Model):
    """How one person is woken: an address by one way. Nothing is sent to it before its code came back."""

    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    way = models.CharField(max_length=10, choices=[(w.value, w.value) for w in Way if w != Way.DESK])
    address = SealedTextField()
    added_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)
    code_digest = models.CharField(max_length=64, default="", blank=True)
    code_until = models.DateTimeField(null=True, blank=True)
    wrong_codes = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = "contact way"
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["person", "way"], name="oncall_one_of_each_way")]

    def __str__(self) -> str:
        return str(self.way)


class Page(models.Model):
    """Somebody is asked for, until a person answers. `steps` are those of the policy when it was opened.

    `step` is the index of the next step, `round` counts the steps that were done, repetitions too. `moved_at`
    is when it last climbed: in the future, it shows that the clock was set back.
    """

    task = models.ForeignKey("cases.Task", models.PROTECT, related_name="+")
    about = models.CharField(max_length=80, default="", blank=True)
    task_kind = models.CharField(max_length=60)
    policy = models.CharField(max_length=140)
    steps = models.JSONField()
    repeat_minutes = models.PositiveIntegerField()
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in PageState], default=PageState.PAGING
    )
    step = models.PositiveIntegerField(default=0)
    round = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    next_at = models.DateTimeField()
    moved_at = models.DateTimeField(null=True, blank=True)
    reached_at = models.DateTimeField(null=True, blank=True, help_text="When a message last left to anybody.")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(PERSON, models.PROTECT, null=True, blank=True, related_name="+")
    answered_how = models.CharField(
        max_length=10, default="", blank=True, choices=[(a.value, a.value) for a in Answered]
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        default_permissions = ()
        permissions = [("view_page", "See pages, and answer those that one is asked for")]
        constraints = [
            states_constraint("page", PageState),
            models.UniqueConstraint(
                fields=["task"], condition=Q(state="paging"), name="oncall_page_once_for_a_task"
            ),
            models.CheckConstraint(
                condition=~Q(state="answered") | Q(answered_by__isnull=False), name="oncall_a_person_answers"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="paging"), name="oncall_page_due"),
            models.Index(fields=["about"], name="oncall_page_about"),
        ]

    def __str__(self) -> str:
        return f"page {self.pk}"


class PageLink(models.Model):
    """One message to one person: whoever has its plain text and its code has these pages, once."""

    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    pages = models.ManyToManyField(Page, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    code_digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    wrong_codes = models.PositiveSmallIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"link {self.pk}"


class PageAttempt(models.Model):
    """One way by which one person was asked for in one round of a page, and what came of it."""

    page = models.ForeignKey(Page, models.PROTECT, related_name="attempts")
    round = models.PositiveIntegerField()
    step = models.PositiveIntegerField()
    person = models.ForeignKey(PERSON, models.PROTECT, null=True, blank=True, related_name="+")
    way = models.CharField(max_length=10, default="", blank=True)
    at = models.DateTimeField()
    result = models.CharField(max_length=10, choices=[(r.value, r.value) for r in Result])
    error = models.CharField(max_length=60, default="", blank=True)

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()
        constraints = [
            states_constraint("pageattempt", Result, field="result"),
            models.UniqueConstraint(fields=["page", "round", "person", "way"], name="oncall_attempt_once"),
            models.UniqueConstraint(
                fields=["page", "round"], condition=Q(person=None), name="oncall_nobody_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.way} {self.result}"


class Beat(models.Model):
    """When a part of the machinery was last alive: `climbing`, `watchdog`."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
