from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0012_call_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="agency",
            name="address",
            field=models.CharField(
                blank=True, default="", help_text="Where it is to be found.", max_length=300
            ),
        ),
        migrations.AddField(
            model_name="agency",
            name="mailbox",
            field=models.EmailField(
                blank=True,
                default="",
                help_text="Told when a contact is to change. From our own directory.",
                max_length=254,
            ),
        ),
    ]
