"""People, the tokens by which some of them use the API, and the doors of the desk: sessions and lock-outs."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NoReturn

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from knox.models import AbstractAuthToken

from coordination.access.workflow import ChangeKind, RoleChangeState
from coordination.core import clock, identifiers
from coordination.core.fields import SealedTextField
from coordination.core.models import states_constraint


class Scope(models.TextChoices):
    """What a token may be used for. A view names the one it needs."""

    READ = "read", "read what was sent to the agency"
    RESPOND = "respond", "acknowledge, ask, report an outcome"
    SUBMIT = "submit", "submit a data request"
    FLAG = "flag", "post safety flags"
    ENFORCE = "enforce", "say what is in force on accounts, and pass on appeals"


class People(UserManager["User"]):
    """The users' manager, without superusers."""

    def create_superuser(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: nobody stands above the table of roles. `manage.py create_person --role administrator`."""
        raise TypeError("There is no superuser; use `manage.py create_person --role administrator USERNAME`.")


class User(AbstractUser):  # type: ignore[django-manager-missing]  # knox is not typed
    """A person on the desk or at a partner, or a system of the platform. Rights come from roles only."""

    # Django's superuser passes every permission check, and with it separation of duties. The column is gone.
    is_superuser = False

    alias = models.CharField(
        max_length=60, blank=True, help_text="Shown outside instead of the name, to partners and victims."
    )

    objects: ClassVar[People] = People()

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def shown_outside(self) -> str:
        """The name that partners and victims see."""
        return self.alias or str(self)

    @property
    def role_names(self) -> list[str]:
        """The person's roles, sorted."""
        return sorted(group.name for group in self.groups.all())


# How long another administrator may take to confirm a token.
CONFIRMED_WITHIN = timedelta(days=3)


class ApiToken(AbstractAuthToken):  # type: ignore[misc]
    """A token for the API, kept as a digest, always with an end. Its plain text is shown once, at issue."""

    reference = models.CharField(max_length=20, unique=True, default="", editable=False)
    name = models.CharField(max_length=80, help_text="What the token is used by, for whoever revokes it.")
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    issued_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="issued_tokens")
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="It opens nothing before another administrator confirmed it."
    )
    how_confirmed = SealedTextField(null=True, blank=True)
    overlap = models.DurationField(
        null=True, blank=True, help_text="How long the one that it replaces goes on, once this is confirmed."
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = SealedTextField(blank=True, default="")
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", editable=False
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    refused_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a refused use was last recorded."
    )

    # Knox's manager returns a pair from create(); ours is the ordinary one, `services.issue_token` the pair.
    objects: ClassVar[models.Manager["ApiToken"]] = models.Manager()

    class Meta:
        verbose_name = "API token"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(expiry__isnull=False), name="access_token_has_an_end"),
            models.CheckConstraint(
                condition=Q(issued_by__isnull=True)
                | Q(confirmed_by__isnull=True)
                | ~Q(confirmed_by=F("issued_by")),
                name="access_token_takes_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Give a new token its reference, by which the ledger names it."""
        self.reference = self.reference or identifiers.reference("T")
        super().save(*args, **kwargs)

    @property
    def is_live(self) -> bool:
        """Whether the token opens anything now."""
        return self.confirmed_at is not None and self._lasts

    @property
    def waits(self) -> bool:
        """Whether another administrator may confirm it."""
        return self.confirmed_at is None and self._lasts and clock.latest() < self.created + CONFIRMED_WITHIN

    @property
    def _lasts(self) -> bool:
        return self.revoked_at is None and self.expiry is not None and self.expiry > clock.latest()

    @property
    def why_dead(self) -> str:
        """Why it opens nothing: revoked, expired, unconfirmed or disabled (its person); "" where it does."""
        if self.revoked_at is not None:
            return "revoked"
        if not self._lasts:
            return "expired"
        if self.confirmed_at is None:
            return "unconfirmed"
        return "" if self.user.is_active else "disabled"

    def allows(self, scope: str) -> bool:
        """Tell whether the token carries `scope`."""
        return scope in self.scopes


class DeskSession(models.Model):
    """A session of somebody on the desk: alive until `ended_at`, whatever Django's own row says.

    `confirmed_at` is when a second factor was last shown; without it the session reaches set-up alone.
    `key_digest` is what there is here of the cookie (access/sessionstore.py): nothing that could be one.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="desk_sessions")
    key_digest = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=200, blank=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=40, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["user", "-began_at"], name="access_session_of_user")]

    def __str__(self) -> str:
        return f"session {self.pk}"


class SignInFailure(models.Model):
    """One wrong password or code. `who` is a keyed digest of the user name: unknown names count too.

    For a code shown in an open session it is one of that session.
    """

    who = models.BinaryField(max_length=32)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["who", "at"], name="access_failure_of_whom")]

    def __str__(self) -> str:
        return f"failure {self.pk}"


class LockOut(models.Model):
    """Passwords and codes of an account are refused from `at` until an administrator releases it."""

    who = models.BinaryField(max_length=32)
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="lock_outs")
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reason = SealedTextField(blank=True, default="")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["who"], condition=Q(released_at__isnull=True), name="access_one_lock_out_stands"
            ),
        ]

    def __str__(self) -> str:
        return f"lock-out {self.pk}"


class Enrolment(models.Model):
    """A one-time way in: whoever holds its plain text sets a password, once, before it ends."""

    user = models.ForeignKey(User, models.PROTECT, related_name="enrolments")
    digest = models.CharField(max_length=64, unique=True)
    issued_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    # What a second administrator approved; none where it came from the owner's shell.
    change = models.OneToOneField(
        "RoleChange", models.PROTECT, null=True, blank=True, related_name="enrolment"
    )

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(issued_by__isnull=True) | Q(change__isnull=False), name="access_way_in_takes_two"
            ),
        ]

    def __str__(self) -> str:
        return f"enrolment {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether it can be used now."""
        return self.used_at is None and self.expires_at > clock.latest() and self.user.is_active


class RoleChange(models.Model):
    """Roles, a way in, enabling: one administrator proposes, nothing is in force before another decides."""

    kind = models.CharField(
        max_length=20, choices=[(k.value, k.value) for k in ChangeKind], default=ChangeKind.ROLES
    )
    person = models.ForeignKey(User, models.PROTECT, related_name="role_changes")
    roles = ArrayField(
        models.CharField(max_length=40), default=list, help_text="What is added to the person's roles."
    )
    reason = SealedTextField()
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in RoleChangeState], default=RoleChangeState.PROPOSED
    )
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = SealedTextField(default="", blank=True)

    class Meta:
        verbose_name = "access change"
        ordering = ["-proposed_at"]
        default_permissions = ()
        permissions = [
            ("view_rolechange", "See what was proposed for people"),
            ("decide_rolechange", "Decide on what another administrator proposed for a person"),
        ]
        constraints = [
            states_constraint("rolechange", RoleChangeState),
            models.UniqueConstraint(
                fields=["person", "kind"], condition=Q(state="proposed"), name="access_one_role_change_waits"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | (~Q(decided_by=F("proposed_by")) & ~Q(decided_by=F("person")))
                & Q(decided_by__isnull=False),
                name="access_roles_take_two",
            ),
            models.CheckConstraint(
                condition=~Q(proposed_by=F("person")), name="access_nobody_proposes_for_themselves"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} for {self.person}"

    @property
    def what(self) -> str:
        """What the person is to get, in words."""
        if self.kind == ChangeKind.ROLES:
            return ", ".join(self.roles).replace("_", " ")
        return "a way in" if self.kind == ChangeKind.WAY_IN else "access again"


class BreakGlass(models.Model):
    """One person acts alone in an emergency, from `opened_at` to `ends_at`; somebody else reviews it."""

    reference = models.CharField(max_length=20, unique=True, editable=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = SealedTextField()
    alerted = models.ManyToManyField(User, related_name="+")
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    outcome = SealedTextField(default="", blank=True)

    class Meta:
        verbose_name = "break-glass"
        verbose_name_plural = "break-glass"
        ordering = ["-opened_at"]
        default_permissions = ()
        permissions = [
            ("view_breakglass", "See who broke the glass and why"),
            ("open_breakglass", "Break the glass in an emergency"),
            ("review_breakglass", "Be alerted when the glass is broken, and review it"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(reviewed_at__isnull=True), name="access_one_glass_unreviewed"
            ),
            models.CheckConstraint(
                condition=~Q(reviewed_by=F("person")), name="access_another_reviews_glass"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        """Whether it lets its person act alone now."""
        return clock.now() < self.ends_at

    @property
    def origin(self) -> str:
        """How tasks name it."""
        return f"access.breakglass:{self.pk}"


class LedgerReview(models.Model):
    """A week of the ledger (`week` is its Monday, UTC), and what an auditor found in it."""

    week = models.DateField(unique=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    findings = SealedTextField(default="", blank=True)
    entries = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="How many entries the week had when it was reviewed."
    )

    class Meta:
        verbose_name = "ledger review"
        ordering = ["-week"]
        default_permissions = ()
        permissions = [("view_ledgerreview", "See the reviews of the ledger, and record one's own")]

    def __str__(self) -> str:
        return f"Ledger of the week from {self.week}"

    @property
    def since(self) -> datetime:
        """When the week begins."""
        return datetime(self.week.year, self.week.month, self.week.day, tzinfo=UTC)

    @property
    def until(self) -> datetime:
        """When the next week begins."""
        return self.since + timedelta(days=7)

    @property
    def subject(self) -> str:
        """How the ledger names it."""
        return f"ledger-review:{self.week}"


class ReadingPace(models.Model):
    """How many records somebody opened since `since`; what is older than the window does not count."""

    person = models.OneToOneField(User, models.PROTECT, primary_key=True, related_name="+")
    since = models.DateTimeField()
    readings = models.PositiveIntegerField(default=0)
    told = models.BooleanField(default=False, help_text="Whether auditors were told of this window.")
    slowed = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.readings} since {self.since:%H:%M}"
