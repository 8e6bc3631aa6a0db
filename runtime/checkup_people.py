"""What `flask doctor` checks about people: whether every role is held, and whether messages reach anybody."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from pydantic import SecretStr

from config import Config
from config.access import ROLES
from config.settings import Settings
from desk.chats import ChatMessage, Chats, receivers
from desk.symptoms import Symptom, fault, good, warning
from runtime.process import Process
from store import users

TEST = ChatMessage(title="Смежник", body="Проверка связи: flask doctor --tell. Делать ничего не нужно.")


def look_for_roles(connection: sa.Connection, config: Config, settings: Settings) -> Iterator[Symptom]:
    """Warn of roles nobody has: without an admin nobody sees what stopped, without a lead nobody sees the board."""
    held = {str(row.role) for row in users.all_users(connection)}
    if settings.oidc_issuer:
        held |= {*config.access.emails.values(), *config.access.values.values()}
    if missing := [role for role in ROLES if role not in held]:
        yield warning("roles_missing", names=", ".join(missing))
    else:
        yield good("roles")


def look_at_addresses(process: Process, config: Config, *, tell: bool) -> Iterator[Symptom]:
    """Check that Apprise understands every address; with `tell`, also send a test message to each."""
    chats = Chats(process.factory.places)
    for place, address in addresses(config):
        found = receivers([address])
        if not found:
            yield fault("address_unknown", place=place)
        elif tell:
            told = all([chats.send(receiver, TEST) for receiver in found])
            yield good("told", place=place) if told else fault("not_told", place=place)


def addresses(config: Config) -> Iterator[tuple[str, SecretStr]]:
    """Yield each address once, with the setting that it comes from."""
    departments, digests = config.departments, config.reports.digests
    given: list[tuple[str, SecretStr | None]] = [("ALERT_URLS", url) for url in config.alerts.urls]
    given += [("departments.yml: lead", departments.lead)]
    for key, one in departments.departments.items():
        given += [(f"departments.yml: {key}.chat", one.chat), (f"departments.yml: {key}.head", one.head)]
    given += [(f"reports.yml: digests.{key}.to", digest.to) for key, digest in digests.items()]
    given += [(f"cases.yml: chats.{key}", address) for key, address in config.cases.chats.items()]
    places: dict[str, tuple[str, SecretStr]] = {}
    for place, address in given:
        if address is not None:
            places.setdefault(address.get_secret_value(), (place, address))
    yield from places.values()
