"""The spine: everything else hangs on a case."""

from django.conf import settings
from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from coordination.cases.workflow import CaseState, Compartment, DeadlineState, TaskState
from coordination.core.fields import SealedTextField
from coordination.core.models import states_constraint


class Case(models.Model):
    """One matter: a person of concern, and all that was done about it."""

    reference = models.CharField(max_length=20, unique=True, editable=False)
    title = models.CharField(max_length=200, help_text="Neutral and short: no names, no identifiers.")
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in CaseState], default=CaseState.OPEN
    )
    priority = models.CharField(
        max_length=10, choices=[("P0", "P0: danger to life"), ("normal", "normal")], default="normal"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        default_permissions = ()
        permissions = [
            ("view_case", "See a case"),
            ("work_case", "Add notes to a case and complete its tasks"),
            ("assign_case", "Assign a case"),
            ("grant_case", "Give others access to a case"),
            ("keep_nondisclosure", "Put a case under non-disclosure and let people in"),
            ("keep_victim", "Put a case under the compartment of victim data and let people in"),
            ("view_loose_task", "See the tasks of one's queue that belong to no case"),
        ]
        constraints = [states_constraint("case", CaseState)]
        indexes = [models.Index(fields=["-opened_at"])]

    def __str__(self) -> str:
        return self.reference


class CaseUserPermission(UserObjectPermissionBase):
    """guardian's grant to a person, by a direct foreign key."""

    content_object = models.ForeignKey(Case, models.CASCADE)


class CaseGroupPermission(GroupObjectPermissionBase):
    """guardian's grant to a team, by a direct foreign key."""

    content_object = models.ForeignKey(Case, models.CASCADE)


class CaseAccess(models.Model):
    """Who sees which case, for lists and counts: kept in the same transaction as guardian's grants.

    `principal` is "u<user id>", "g<group id>" or, for a case under a compartment, "m<membership id>".
    Reading this is what keeps lists flat at a million cases.
    """

    principal = models.CharField(max_length=24)
    created = models.DateTimeField()
    case = models.ForeignKey(Case, models.CASCADE, related_name="access")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["principal", "case"], name="caseaccess_once")]
        indexes = [models.Index(fields=["principal", "-created", "case"], name="caseaccess_newest")]

    def __str__(self) -> str:
        return f"{self.principal} sees {self.case_id}"


class CaseCompartment(models.Model):
    """A compartment that a case is under, from `marked_at` until it is lifted."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="compartments")
    name = models.CharField(max_length=20, choices=[(each.value, each.label) for each in Compartment])
    reason = SealedTextField()
    marked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    marked_at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            states_constraint("casecompartment", Compartment, field="name"),
            models.UniqueConstraint(
                fields=["case", "name"], condition=models.Q(lifted_at=None), name="compartment_once_per_case"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.case_id}"


class CompartmentMember(models.Model):
    """Who is in a compartment of a case: let in by a named person, with a reason, until a date."""

    compartment = models.ForeignKey(CaseCompartment, models.PROTECT, related_name="members")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = SealedTextField()
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["granted_at"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["compartment", "person"],
                condition=models.Q(ended_at=None),
                name="compartment_member_once",
            ),
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("granted_at")), name="compartment_member_ends"
            ),
        ]
        indexes = [models.Index(fields=["person", "until"], name="compartment_member_now")]

    def __str__(self) -> str:
        return f"{self.person_id} until {self.until:%Y-%m-%d}"


class Subject(models.Model):
    """The account of concern. The identifier is sealed and found again by its blind index."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="subjects")
    account = SealedTextField()
    account_index = models.BinaryField(max_length=32, db_index=True)
    note = SealedTextField(default="", blank=True)
    added_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["case", "account_index"], name="subject_once_per_case")
        ]

    def __str__(self) -> str:
        return f"subject of {self.case_id}"


class Identifier(models.Model):
    """By what the subject of a case is known again: cases/identities.py says when two are the same.

    Kept are kinds that tell people apart. A `strong` one makes a flag join; another only asks a person.
    `about` is the record that brought it. A retired one was found to be another person's.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="identifiers")
    kind = models.CharField(max_length=40)
    value = SealedTextField()
    index = models.BinaryField(max_length=32)
    alike = models.BinaryField(max_length=32)
    strong = models.BooleanField()
    provenance = models.CharField(max_length=20)
    verified = models.BooleanField()
    about = models.CharField(max_length=80, default="", blank=True)
    added_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["case", "index"], name="identifier_once_per_case")]
        indexes = [
            models.Index(fields=["alike"], condition=models.Q(retired_at=None), name="identifier_alike")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.case_id}"


class TimelineEvent(models.Model):
    """One line of a case's timeline, in words. `about` names the record, such as `referrals.referral:7`."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="timeline")
    at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    detail = SealedTextField(default="", blank=True)
    about = models.CharField(max_length=80, default="", blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["case", "at"])]

    def __str__(self) -> str:
        return self.title


class Task(models.Model):
    """Something that a human must do. `role` says whose queue it stands in until somebody takes it."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="tasks", null=True, blank=True)
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    instructions = SealedTextField(default="", blank=True)
    about = models.CharField(max_length=80, default="", blank=True)
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in TaskState], default=TaskState.OPEN
    )
    priority = models.CharField(
        max_length=10, choices=[("P0", "P0: danger to life"), ("normal", "normal")], default="normal"
    )
    role = models.CharField(max_length=40)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["due_at", "pk"]
        default_permissions = ()
        constraints = [
            states_constraint("task", TaskState),
            models.UniqueConstraint(
                fields=["kind", "about"],
                condition=models.Q(state="open") & ~models.Q(about=""),
                name="task_open_once",
            ),
        ]
        indexes = [models.Index(fields=["state", "role", "due_at"])]

    def __str__(self) -> str:
        return self.title


class Deadline(models.Model):
    """A clock that runs on a case, with the rule it comes from.

    `zone` is where its days end, "" where the rule's pack says so. At `warn_at` it opens a task, once. It
    stands still since `paused_at`; `due_at` moves when it goes on.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="deadlines")
    code = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    citation = models.CharField(max_length=200)
    about = models.CharField(max_length=80, default="", blank=True)
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in DeadlineState], default=DeadlineState.RUNNING
    )
    zone = models.CharField(max_length=60, default="", blank=True)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    warn_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_at"]
        default_permissions = ()
        constraints = [
            states_constraint("deadline", DeadlineState),
            models.UniqueConstraint(
                fields=["case", "code", "about"],
                condition=models.Q(state__in=["running", "paused"]),
                name="deadline_runs_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="paused") | models.Q(paused_at__isnull=False),
                name="deadline_paused_since",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"]),
            models.Index(
                fields=["warn_at"],
                condition=models.Q(state="running", warned_at=None),
                name="deadline_warns",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Assignment(models.Model):
    """Who has a case, as what, since when."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="assignments")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    role = models.CharField(max_length=40)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["since"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user} as {self.role}"


class Note(models.Model):
    """What somebody wrote down. Notes are added, never changed."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = SealedTextField()

    class Meta:
        ordering = ["at"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"note of {self.at:%Y-%m-%d %H:%M}"
