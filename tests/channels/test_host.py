"""A plugin host starts from nothing: a fresh interpreter with an empty environment."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

NOT_THERE = ["weasyprint", "coordination.core", "coordination.settings", "plugins.counsel_email", "psycopg"]
STORY = """
import json, sys
from coordination.channels.kit import KitSettings, current, start_host
start_host(KitSettings(platform_name="Lanternchat"))
from coordination.channels.registry import load_one
from coordination.channels.secrets import unpack
from coordination.channels import MessageKind
from coordination.channels.testing import samples
kind = load_one("signed_webhook", "signed_webhook")
config = {"endpoint": "https://partner.example/", "signing_secret": {"$secret": "whsec_x"}}
rendered = kind(unpack(config)).render(samples.message(MessageKind.REFERRAL))
from django.apps import apps
from django.conf import settings
print(json.dumps({
    "rendered": len(rendered.content),
    "modules": [n for n in sys.argv[1:] if n in sys.modules],
    "apps": len(list(apps.get_app_configs())),
    "key": settings.SECRET_KEY == "" if settings.is_overridden("SECRET_KEY") else True,
    "platform": current().platform_name,
}))
"""


def test_a_host_has_the_channel_and_nothing_of_ours() -> None:
    import json

    done = subprocess.run(
        [sys.executable, "-c", STORY, *NOT_THERE],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    said = json.loads(done.stdout)
    assert said.pop("rendered") > 500
    assert said == {"modules": [], "apps": 0, "key": True, "platform": "Lanternchat"}


def test_only_a_channel_that_sends_mail_is_given_the_mail_settings() -> None:
    from coordination.channels import KitSettings, MailSettings
    from plugins.counsel_email.channel import CounselEmail
    from plugins.signed_webhook.channel import SignedWebhook

    kit = KitSettings(mail=MailSettings(password="p"))
    assert kit.for_channel(SignedWebhook.info).mail is None
    assert kit.for_channel(CounselEmail.info).mail == kit.mail
