"""Why a token was revoked and a lock-out released is sealed."""

from django.db import migrations, models

from coordination.core.fields import SealedTextField
from coordination.core.sealedcolumns import sealed

FINAL = SealedTextField(blank=True, default="")


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0005_two_people_let_in"),
    ]

    operations = [
        *sealed(
            "access",
            "apitoken",
            "revoked_reason",
            plain=models.CharField(blank=True, default="", max_length=300),
            final=FINAL,
        ),
        *sealed(
            "access", "lockout", "reason", plain=models.CharField(blank=True, max_length=300), final=FINAL
        ),
    ]
