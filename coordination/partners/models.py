"""Agencies, officers and destinations: whom we talk to, and how we know that it is them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce

from coordination.core.fields import SealedJSONField, SealedTextField
from coordination.core.models import states_constraint
from coordination.partners.kinds import RECIPIENT_CLASSES, AgencyKind
from coordination.partners.workflow import CallOutcome, CallPurpose, ChangeState, Contact, Trust


class Agency(models.Model):
    """A body outside. `identifier` (an ORI, say) tells two of one name apart; `phone` is the one WE found."""

    name = models.CharField(max_length=200)
    identifier = models.CharField(max_length=60, help_text="ORI, court code or registry number.")
    identifier_key = models.CharField(
        max_length=60, editable=False, help_text="Its letters and digits alone."
    )
    kind = models.CharField(max_length=20, choices=AgencyKind.choices)
    recipient_class = models.CharField(
        max_length=24,
        choices=RECIPIENT_CLASSES,
    )
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2.")
    region = models.CharField(max_length=100, default="", blank=True)
    # What a directory says of it, for people who look for it.
    agency_type = models.CharField(max_length=60, default="", blank=True)
    county = models.CharField(max_length=100, default="", blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    imported_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    domain = models.CharField(max_length=200, default="", blank=True)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    phone = models.CharField(
        max_length=40, default="", blank=True, help_text="From our own directory, never from a request."
    )
    mailbox = models.EmailField(
        default="", blank=True, help_text="Told when a contact is to change. From our own directory."
    )
    address = models.CharField(max_length=300, default="", blank=True, help_text="Where it is to be found.")
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    how_verified = SealedTextField(default="", blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    must_sign = models.BooleanField(
        default=False, help_text="What the agency sends by the API has to be signed with one of its keys."
    )
    unsigned_proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    unsigned_proposed_at = models.DateTimeField(null=True, blank=True)
    unsigned_reason = SealedTextField(null=True, blank=True)

    class Meta:
        ordering = ["name", "identifier"]
        verbose_name_plural = "agencies"
        default_permissions = ()
        permissions = [
            ("view_agency", "See agencies and officers"),
            ("change_agency", "Change agencies and officers"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["country", "identifier"], name="agency_identifier_once"),
            models.UniqueConstraint(fields=["country", "identifier_key"], name="agency_identifier_key_once"),
            models.CheckConstraint(
                condition=models.Q(registered_by__isnull=True)
                | models.Q(verified_by__isnull=True)
                | ~models.Q(verified_by=models.F("registered_by")),
                name="agency_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.identifier}, {self.country})"


class DirectoryImport(models.Model):
    """One file of agencies that was taken in: what it was, and what it changed."""

    country = models.CharField(max_length=2)
    file_digest = models.CharField(max_length=71)
    rows = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    same = models.PositiveIntegerField()
    kept = models.PositiveIntegerField(help_text="Verified under another name, which stayed.")
    bad = models.PositiveIntegerField(help_text="Rows that were left out.")
    problems = models.JSONField(default=list, help_text="A list of {line, field, why}; the first of them.")
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["-imported_at"]
        verbose_name = "import of agencies"
        verbose_name_plural = "imports of agencies"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.rows} agencies of {self.country}, {self.imported_at:%Y-%m-%d}"

    @property
    def origin(self) -> str:
        """How ledger entries name it."""
        return f"directoryimport:{self.pk}"


class Officer(models.Model):
    """A verified person at an agency, with a credential of their own."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="officers")
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    name = SealedTextField()
    rank = models.CharField(max_length=100, default="", blank=True)
    badge = SealedTextField(default="", blank=True)
    contact = SealedTextField(default="", blank=True)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    how_verified = SealedTextField(default="", blank=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Verification ends 12 months after it was made."
    )
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_system = models.BooleanField(
        default=False, help_text="No person but the agency's own system, with the agency's token."
    )
    left_at = models.DateTimeField(null=True, blank=True)
    left_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lapse_recorded_at = models.DateTimeField(null=True, blank=True, editable=False)
    trust = models.CharField(
        max_length=20, choices=[(each.value, each.value) for each in Trust], default=Trust.ORDINARY
    )
    trust_set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["pk"]  # the name is sealed
        default_permissions = ()
        constraints = [
            states_constraint("officer", Trust, field="trust"),
            models.CheckConstraint(
                condition=models.Q(verified_at__isnull=True) | models.Q(expires_at__isnull=False),
                name="officer_verification_ends",
            ),
            models.CheckConstraint(
                condition=models.Q(registered_by__isnull=True)
                | models.Q(verified_by__isnull=True)
                | ~models.Q(verified_by=models.F("registered_by")),
                name="officer_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rank} {self.name}".strip()


class CallBack(models.Model):
    """A call to an agency on the number that WE have, with what the caller says and what it came to.

    `phone` and `script` are those of the moment it was asked for. `about` is the reference of what it is for.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="call_backs")
    officer = models.ForeignKey(Officer, models.PROTECT, null=True, blank=True, related_name="call_backs")
    purpose = models.CharField(max_length=20, choices=[(each.value, each.value) for each in CallPurpose])
    about = models.CharField(max_length=80, default="", blank=True)
    phone = models.CharField(max_length=40)
    script = SealedTextField()
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    tries = models.PositiveIntegerField(default=0, help_text="Calls that reached nobody.")
    last_tried_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=20, default="", blank=True, choices=[(each.value, each.value) for each in CallOutcome]
    )
    called_at = models.DateTimeField(null=True, blank=True)
    called_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    spoke_with = SealedTextField(default="", blank=True)
    said = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["-asked_at"]
        verbose_name = "call back"
        verbose_name_plural = "calls back"
        default_permissions = ()
        permissions = [
            ("call_back_agency", "Call an agency back, and cut off by what they said"),
        ]
        constraints = [
            states_constraint("callback", CallPurpose, field="purpose"),
            models.CheckConstraint(
                condition=models.Q(outcome="", called_at__isnull=True)
                | models.Q(
                    outcome__in=[each.value for each in CallOutcome if each != CallOutcome.NOT_REACHED],
                    called_at__isnull=False,
                    called_by__isnull=False,
                ),
                name="callback_outcome_known",
            ),
            models.UniqueConstraint(
                fields=["agency", "purpose", "about"],
                condition=models.Q(outcome="") & ~models.Q(about=""),
                name="callback_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"call to {self.agency.name}" + (f" about {self.about}" if self.about else "")

    @property
    def origin(self) -> str:
        """How tasks and ledger entries name it."""
        return f"partners.callback:{self.pk}"


class AgencyKey(models.Model):
    """A public key (Ed25519) with which an agency signs requests. In use once a second person looked."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="keys")
    key_id = models.CharField(max_length=80, unique=True, help_text="What a signature names it by.")
    public_key = models.BinaryField(max_length=32)
    how_known = SealedTextField(help_text="How we know that this key is theirs.")
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    registered_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    how_confirmed = SealedTextField(default="", blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["-registered_at"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(registered_by__isnull=True)
                | models.Q(confirmed_by__isnull=True)
                | ~models.Q(confirmed_by=models.F("registered_by")),
                name="agency_key_two_people",
            ),
        ]

    def __str__(self) -> str:
        return self.key_id

    @property
    def is_in_use(self) -> bool:
        """Whether a signature by it is taken."""
        return self.confirmed_at is not None and self.revoked_at is None


class Destination(models.Model):
    """Where messages to an agency go: a channel and its configuration, with secrets by reference only."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="destinations")
    title = models.CharField(max_length=200)
    channel = models.CharField(max_length=60, help_text="The slug of an installed channel.")
    config = SealedJSONField(default=dict, blank=True)
    enabled = models.BooleanField(default=True)
    how_known = SealedTextField(help_text="How we know that this address is theirs.")
    checked_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    inbound_id = models.UUIDField(
        default=uuid.uuid4,
        unique=True,
        editable=False,
        help_text="In the address that the partner calls back.",
    )
    # Commands to the platform itself leave without a person's approval: a second one looks at their address.
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_fingerprint = models.CharField(
        max_length=71, default="", blank=True, editable=False, help_text="Of what a second person confirmed."
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    how_confirmed = SealedTextField(null=True, blank=True)

    class Meta:
        ordering = ["agency", "title"]
        default_permissions = ()
        permissions = [
            ("view_destination", "See destinations"),
            ("change_destination", "Change destinations"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["agency", "title"], name="destination_title_once"),
            models.CheckConstraint(
                condition=models.Q(changed_by__isnull=True)
                | models.Q(confirmed_by__isnull=True)
                | ~models.Q(confirmed_by=models.F("changed_by")),
                name="destination_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency.name}, {self.title}"


class ContactChange(models.Model):
    """A contact of a verified agency that is to change: what it is, what it shall be, and how far that is.

    `old` is what stood there when it was proposed; `notice_to` is who is told at the old address, "" where
    none is on file. Nothing changes before it is effective.
    """

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="contact_changes")
    officer = models.ForeignKey(Officer, models.PROTECT, null=True, blank=True, related_name="+")
    destination = models.ForeignKey(Destination, models.PROTECT, null=True, blank=True, related_name="+")
    contact = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Contact])
    old = SealedJSONField()
    new = SealedJSONField()
    reason = SealedTextField(help_text="How it became known, and from whom.")
    state = models.CharField(
        max_length=20,
        choices=[(each.value, each.value) for each in ChangeState],
        default=ChangeState.PROPOSED,
    )
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    call = models.OneToOneField(CallBack, models.PROTECT, related_name="contact_change")
    held_until = models.DateTimeField(null=True, blank=True)
    notice_to = SealedTextField(default="", blank=True)
    noticed_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = SealedTextField(default="", blank=True)

    class Meta:
        ordering = ["-proposed_at"]
        verbose_name = "change of a contact"
        verbose_name_plural = "changes of contacts"
        default_permissions = ()
        constraints = [
            states_constraint("contactchange", ChangeState),
            states_constraint("contactchange", Contact, field="contact"),
            models.CheckConstraint(
                condition=~models.Q(state="effective")
                | models.Q(ended_by__isnull=False, held_until__isnull=False)
                & ~models.Q(ended_by=models.F("proposed_by"))
                & models.Q(ended_at__gte=models.F("held_until")),
                name="contactchange_two_people_after_the_hold",
            ),
            # Not by nulls_distinct, for which Django asks the server's version before it can check anything.
            models.UniqueConstraint(
                "agency",
                "contact",
                Coalesce("officer", 0),
                Coalesce("destination", 0),
                condition=models.Q(state__in=["proposed", "held"]),
                name="contactchange_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact} of {self.agency}"

    @property
    def origin(self) -> str:
        """How tasks and ledger entries name it."""
        return f"partners.contactchange:{self.pk}"
