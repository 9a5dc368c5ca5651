"""Running the demo: database, cast, processes, story, and the site that stays up."""

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from coordination.access import selectors as people
from coordination.core.embedded.addresses import EMBEDDED_ENGINE
from coordination.desk.demo import cast, evidence, keeping, loading
from coordination.desk.demo.processes import Children, children, mail_directory
from coordination.desk.demo.story import Story
from coordination.desk.demo.telling import StoryFailed, Teller
from coordination.policy import services as policy
from coordination.restrictions import selectors as restrictions

HARROW = "harrow"
DESKS = {
    HARROW: ("HARROW_SIGNING", "harrow_officer", "HCSO", True),
    "springfield-tx": ("SPRINGFIELD_TX_SIGNING", "springfield_tx_officer", "SPD-TX", False),
    "springfield-il": ("SPRINGFIELD_IL_SIGNING", "springfield_il_officer", "SPD-IL", False),
    "prairie": ("PRAIRIE_SIGNING", "responder", "PCL", False),
}
DUTY_PHONE = "+1 415 555 0100"
ANSWERS_WITHIN = 30.0
LOOK_EVERY = 1.0


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the processes listen on loopback."""

    web: int
    portal: int
    platform: int
    mail: int
    stamps: int

    @property
    def base(self) -> str:
        """The address of the site."""
        return f"http://127.0.0.1:{self.web}"


def run(teller: Teller, *, port: int, stay: bool) -> dict[str, Any]:
    """Run it; return what the last line says.

    Raises StoryFailed naming the part that did not work, and RunsAlready where another demo runs.
    """
    with keeping.alone():
        outcome = _run(teller, port=port, stay=stay)
    teller.plain("It is stopped; `make demo` starts it again.")
    return outcome


def _run(teller: Teller, *, port: int, stay: bool) -> dict[str, Any]:
    own = {name: keeping.port(name) for name in ("portal", "platform", "mail", "stamps")}
    ports = Ports(web=keeping.port("web", wanted=port), **own)
    base = ports.base
    # What leaves names a person to telephone at any hour; the number is one of those that nobody has.
    settings.CONTACT_PHONE = settings.CONTACT_PHONE or DUTY_PHONE
    with teller.doing(
        "database", "Bringing the database up to date (the first time this takes some seconds)."
    ):
        call_command("migrate", verbosity=0, interactive=False)
    with teller.doing("policy", "Loading the law and policy packs that are not loaded yet."):
        policy.load(Path(settings.BASE_DIR) / "fixtures" / "policy")
    with teller.doing("people", "Calling in the people of the desk, agencies and their officers."):
        listen = {"portal": ports.portal, "platform": ports.platform}
        found = cast.assemble(**{name: f"http://127.0.0.1:{each}" for name, each in listen.items()})
    with children() as started:
        mail = _start(teller, started, found, ports)
        with teller.doing("cases", "Loading the cases that have happened already."):
            new = loading.load(found)
            _start_platform(started, found, ports)
        teller.say(f"{new} cases loaded." if new else "They were loaded by an earlier run.")
        _await_web(teller, started, ports)
        story = Story(base=base, cast=found, teller=teller, children=started, mail=mail)
        outcome = story.play() | evidence.show(story, teller)
        if outcome["state"] != "acknowledged":
            raise StoryFailed(f"story: it ended {outcome['state']}.\n{story.standing()}")
        _close_the_book(teller, outcome)
        if stay:
            _show_around(teller, outcome, found, base)
            _stay(teller, started, base)
    return outcome


def _start(teller: Teller, started: Children, found: cast.Cast, ports: Ports) -> Path:
    """Start the processes; return where mails are kept."""
    sentence = (
        "Starting web, worker, the fake police portal, the platform's fake account systems, a mail server and"
        " an authority for time stamps, each a process of its own."
    )
    with teller.doing("processes", sentence):
        mail = mail_directory()
        environment = {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(ports.mail),
            "PUBLIC_URL": ports.base,
            "CONTACT_PHONE": settings.CONTACT_PHONE,
            "PYTHONUNBUFFERED": "1",
            "DEMO_SHOW_CODES": "1",
            **evidence.stamped_by(started, ports.stamps),
        }
        keeping.remember("portal", _portal(found, ports))
        portal = started.start(
            "portal", "-m", "coordination.desk.demo.portal", str(keeping.directory() / "portal.json")
        )
        mailserver = started.start(
            "mailserver", "-m", "coordination.desk.demo.mailserver", str(ports.mail), str(mail)
        )
        started.start(
            "web",
            *("-m", "gunicorn", "coordination.wsgi", "--bind", f"127.0.0.1:{ports.web}"),
            *("--workers", "1", "--threads", "4", "--no-control-socket", "--graceful-timeout", "5"),
            environment=environment,
        )
        started.start("worker", "manage.py", "worker", environment=environment)
        portal.await_port(ports.portal)
        mailserver.await_port(ports.mail)
    return mail


def _start_platform(started: Children, found: cast.Cast, ports: Ports) -> None:
    """Start the platform's account systems once what stands is loaded: they know what is in force already."""
    destination = found.destinations["platform"]
    secret, own = (
        (Path(settings.SECRETS_DIR) / destination.config[name].removeprefix("secret:")).read_text().strip()
        for name in ("signing_secret", "callback_secret")
    )
    configuration = {
        "port": ports.platform,
        "callbacks": f"{ports.base}/inbound/{destination.inbound_id}/",
        "secret": secret,
        "callback_secret": own,
        "in_force": restrictions.in_force_by_account(),
    }
    keeping.remember("platform", configuration)
    child = started.start(
        "platform", "-m", "coordination.desk.demo.platform", str(keeping.directory() / "platform.json")
    )
    child.await_port(ports.platform)


def _portal(found: cast.Cast, ports: Ports) -> dict[str, Any]:
    desks = {
        name: {
            "secret": (Path(settings.SECRETS_DIR) / secret).read_text().strip(),
            "token": found.tokens[officer],
            "officer": str(found.people[officer]),
            "prefix": prefix,
            "answers": answers,
        }
        for name, (secret, officer, prefix, answers) in DESKS.items()
    }
    return {"api": ports.base, "port": ports.portal, "desks": desks}


def _await_web(teller: Teller, started: Children, ports: Ports) -> None:
    with teller.doing("web", f"Waiting for the site to answer at {ports.base}."):
        web = next(child for child in started.all if child.name == "web")
        web.await_port(ports.web)
        limit = time.monotonic() + ANSWERS_WITHIN
        while time.monotonic() < limit:
            started.check()
            try:
                answer = urllib3.request("GET", f"{ports.base}/account/login/", timeout=10.0, retries=False)
            except urllib3.exceptions.HTTPError:
                answer = None
            if answer is not None and answer.status == 200:  # noqa: PLR2004 - OK
                return
            time.sleep(0.1)
        raise StoryFailed(f"web: it does not answer.\n{web.words()}")


def _close_the_book(teller: Teller, outcome: dict[str, Any]) -> None:
    for delivery in outcome["deliveries"]:
        teller.say(f"Delivered by {delivery['channel']}: {delivery['state']}, content {delivery['digest']}.")
    teller.say(f"The ledger has {outcome['ledger_entries']} entries.")
    teller.plain()
    teller.plain(f"Passwords and logs: {keeping.directory()} (readable by you alone).")
    if settings.LEDGER_AUTHORITY_ROOTS:
        roots = f"LEDGER_AUTHORITY_ROOTS={shlex.quote(settings.LEDGER_AUTHORITY_ROOTS)}"
        teller.plain(f"The ledger, read again and checked: {roots} .venv/bin/python manage.py ledger_verify")
    if settings.DATABASES["default"]["ENGINE"] == EMBEDDED_ENGINE:
        teller.plain(
            "The embedded database goes on running: `.venv/bin/python manage.py database stop` ends it."
        )
    teller.plain()


def _show_around(teller: Teller, outcome: dict[str, Any], found: cast.Cast, base: str) -> None:
    """Say where the desk is, and who can sign in."""
    teller.plain(f"The desk:      {base}/admin/")
    teller.plain(f"The referral:  {base}/admin/referrals/referral/{outcome['referral']}/change/")
    teller.plain()
    rows = [("user name", "password", "roles")]
    for user in people.everybody():
        if user.username in found.passwords:
            roles = ", ".join(name.replace("_", " ") for name in user.role_names)
            rows.append((user.username, found.passwords[user.username], roles))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for row in rows:
        teller.plain(f"  {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}")
    teller.plain()
    teller.plain(
        "To sign in, take a name and its password from above. The desk then asks for a second factor,"
    )
    teller.plain("the code of a telephone that nobody has here: in the demo that page shows it, and when it")
    teller.plain("works. Each code opens once.")
    teller.plain()


def _stay(teller: Teller, started: Children, base: str) -> None:
    teller.plain(f"The site stays up at {base}/admin/. Ctrl-C stops it and everything it started.")
    connections.close_all()
    while True:
        started.check()
        time.sleep(LOOK_EVERY)
