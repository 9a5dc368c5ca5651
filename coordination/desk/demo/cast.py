"""The people and partners of the demo, made once: who they are is in fixtures/demo."""

import secrets
import tomllib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from coordination.access import selectors as people
from coordination.access import services as access
from coordination.access.services import Scope, User
from coordination.core import clock
from coordination.desk.demo import keeping
from coordination.oncall import selectors as oncall_selectors
from coordination.oncall import services as oncall
from coordination.partners import selectors as partner_selectors
from coordination.partners import services as partners

FIXTURES = Path(settings.BASE_DIR) / "fixtures" / "demo"
# Partners were verified before anything was sent to them.
KNOWN_SINCE = timedelta(days=60)
TOKEN_LIFE = timedelta(days=2)


def read(name: str) -> dict[str, Any]:
    """Return one file of fixtures/demo."""
    return tomllib.loads((FIXTURES / f"{name}.toml").read_text())


@dataclass(kw_only=True)
class Cast:
    """Everybody by their key in the fixtures, with what they need to sign in or to use the API."""

    people: dict[str, User] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    destinations: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def one(self, key: str | None) -> User | None:
        """Return who has the key; nobody, for what was set up at the command line."""
        return None if key is None else self.people[key]

    def code_of(self, key: str) -> str:
        """Return the code that the person's application would show now."""
        return access.current_code(self.people[key])

    def password_of(self, key: str) -> str:
        """Return the password of a person of the desk."""
        return self.passwords[self.people[key].username]


def assemble(**addresses: str) -> Cast:
    """Make, or find, everybody; `portal` and `platform` are where the fake partners listen."""
    cast = Cast()
    _people(cast)
    _agencies(cast, addresses)
    _tokens(cast)
    _on_call(cast)
    return cast


def _people(cast: Cast) -> None:
    kept = keeping.recall("passwords")
    known = {user.username: user for user in people.everybody()}
    for entry in read("people")["people"]:
        values = dict(entry)
        key, username = values.pop("key"), values.pop("username")
        user = known.get(username) or access.create_person(username, by=None, **values)
        cast.people[key] = user
        if not user.is_staff:
            continue
        if username not in kept or not user.check_password(kept[username]):
            kept[username] = keeping.password()
            access.set_password(user, password=kept[username])
        access.give_totp(user)
        cast.passwords[username] = kept[username]
    keeping.remember("passwords", kept)


def _agencies(cast: Cast, addresses: Mapping[str, str]) -> None:
    known = {agency.identifier: agency for agency in partner_selectors.agencies()}
    for entry in read("agencies")["agencies"]:
        values = {name: value for name, value in entry.items() if name not in ("key", "how_verified")}
        officers, destinations = values.pop("officers"), values.pop("destinations")
        registered, verified = (cast.one(values.pop(name, None)) for name in ("registered_by", "verified_by"))
        with clock.frozen(clock.now() - KNOWN_SINCE):
            agency = known.get(entry["identifier"])
            if agency is None:
                agency = partners.register_agency(by=registered, **values)
                partners.verify_agency(agency, by=verified, how_verified=entry["how_verified"])
                for officer in officers:
                    _officer(cast, agency, dict(officer))
            for destination in destinations:
                _destination(cast, agency, dict(destination), addresses)


def _officer(cast: Cast, agency: Any, values: dict[str, Any]) -> None:
    user = cast.people[values.pop("user")]
    how_verified = values.pop("how_verified", "Called back on the agency's number from our directory.")
    officer = partners.register_officer(agency, by=None, user=user, **values)
    partners.verify_officer(officer, by=None, how_verified=how_verified)


def _destination(cast: Cast, agency: Any, values: dict[str, Any], addresses: Mapping[str, str]) -> None:
    key, how_confirmed = values.pop("key"), values.pop("how_confirmed", "")
    written, confirmed = (cast.one(values.pop(name, None)) for name in ("written_by", "confirmed_by"))
    config = {name: _filled(value, addresses) for name, value in values.pop("config").items()}
    for value in config.values():
        _secret(value)
    found = next((each for each in agency.destinations.all() if each.title == values["title"]), None)
    if found is None:
        found = partners.add_destination(agency, by=written, config=config, **values)
    elif found.config != config:
        how_known = values["how_known"]
        found = partners.change_destination(found, by=written, config=config, how_known=how_known)
    if confirmed is not None and not partner_selectors.is_confirmed(found):
        seen = partner_selectors.destination_fingerprint(found)
        found = partners.confirm_destination(
            found, by=confirmed, fingerprint=seen, how_confirmed=how_confirmed
        )
    cast.destinations[key] = found


def _filled(value: str, addresses: Mapping[str, str]) -> str:
    for name, address in addresses.items():
        value = value.replace(f"{{{name}}}", address)
    return value


def _secret(value: str) -> None:
    """Make the value behind a `secret:` reference where there is none yet."""
    kind, _, name = value.partition(":")
    path = Path(settings.SECRETS_DIR) / name
    if kind == "secret" and not path.exists():
        keeping.write(path, "whsec_" + b64encode(secrets.token_bytes(32)).decode())


def _tokens(cast: Cast) -> None:
    for key, user in cast.people.items():
        if user.is_staff:
            continue
        scopes = [Scope.FLAG] if key == "intake" else [Scope.READ, Scope.RESPOND]
        _, cast.tokens[key] = access.issue_token(
            user, by=None, name="demo", scopes=scopes, expires_in=TOKEN_LIFE
        )


def _on_call(cast: Cast) -> None:
    """Put people on call, with addresses by which they are woken: the demo's mail server keeps it all."""
    known = {schedule.code for schedule in oncall_selectors.schedules()}
    for entry in read("oncall")["schedules"]:
        people_on = [cast.people[key] for key in entry["people"]]
        for person in people_on:
            if not oncall_selectors.is_reachable(person):
                oncall.add_way(person, way="email", address=person.email, by=None)
        if entry["code"] in known:
            continue
        named = {name: entry[name] for name in ("code", "name", "time_zone")}
        turns = {name: entry[name] for name in ("weekday", "at", "days")}
        begins = clock.now().date() - KNOWN_SINCE
        oncall.add_rotation(
            oncall.open_schedule(by=None, **named), people=people_on, begins=begins, by=None, **turns
        )
