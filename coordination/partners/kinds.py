"""What an agency is, and what kind of recipient the law sees in it."""

from django.db import models

RECIPIENT_CLASSES = (
    ("us_government", "US government"),
    ("foreign_government", "foreign government"),
    ("private_responder", "private responder"),
    ("addressee", "addressee"),
    ("other_private", "other private"),
)


class AgencyKind(models.TextChoices):
    """What an agency is."""

    POLICE = "police", "police"
    COURT = "court", "court"
    RESPONDER = "responder", "crisis responder"
    COUNSEL = "counsel", "outside counsel"
    AUTHORITY = "authority", "public authority"
    # What goes to it is no disclosure: commands about accounts, to our own systems.
    PLATFORM = "platform", "the platform itself"
