"""What people say of a key, and of its end, is sealed."""

from django.db import migrations, models

from coordination.core.fields import SealedTextField
from coordination.core.sealedcolumns import sealed

HELP = "How we know that this key is theirs."


def _optional(name):
    plain = models.CharField(blank=True, default="", max_length=300)
    return sealed("partners", "agencykey", name, plain=plain, final=SealedTextField(blank=True, default=""))


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0002_keys_and_systems"),
    ]

    operations = [
        *sealed(
            "partners",
            "agencykey",
            "how_known",
            plain=models.CharField(help_text=HELP, max_length=300),
            final=SealedTextField(help_text=HELP),
        ),
        *_optional("how_confirmed"),
        *_optional("revoked_reason"),
    ]
