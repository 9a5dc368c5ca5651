"""A page of the list of an agency costs the same, however long the list is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("datarequests", "0005_preservations")]

    operations = [
        migrations.AddIndex(
            model_name="datarequest",
            index=models.Index(fields=["agency", "-filed_at", "-id"], name="datarequest_of_agency"),
        ),
    ]
