"""Trading a proof of who somebody is for an access token: an API key, or an e-mail and password."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.api.errors import BadRequest
from portal.kernel.errors import NotFound
from portal.partners import api_keys, service
from portal.partners.api_keys import KeyRefused
from portal.partners.model import NoSuchPerson
from portal.partners.tokens import AccessToken, Tokens
from portal.partners.viewer import viewer_of_person
from portal.platform.services import Services


class NoSuchCompany(NotFound):
    """The portal holds no company yet."""

    code = "no_company"


@dataclass(frozen=True, slots=True)
class Password:
    """What a person signs in with."""

    email: str
    password: str


def proof_of(body: Mapping[str, Any]) -> str | Password:
    """Read what a program shows: its key, or a person's e-mail and password.

    Raises:
        BadRequest: Neither, or not as text.
    """
    key, email, password = body.get("key"), body.get("email"), body.get("password")
    if isinstance(key, str):
        return key
    if isinstance(email, str) and isinstance(password, str):
        return Password(email, password)
    raise BadRequest("Send key, or email and password, as text.", detail="key, email, password")


def trade(shown: str | Password, *, services: Services, tokens: Tokens, address: str) -> AccessToken:
    """Return a token for whom a proof speaks for.

    Args:
        shown: Key or password.
        services: Settings, database and clock.
        tokens: Makes it.
        address: Network address of the asker.

    Raises:
        NoSuchCompany: There is no company yet.
        KeyRefused: The key is none of ours, or no longer good.
        portal.partners.service.WrongPassword: E-mail and password do not belong together.
        portal.partners.service.TooManyTries: Too often in a short time.
    """
    with services.database.reading() as connection:
        company = service.the_company(connection)
    if company is None:
        raise NoSuchCompany("There is no company yet.")
    if isinstance(shown, Password):
        _count_try(services, company.id, shown.email, address)
        return _by_password(shown, services, tokens, company.id, address)
    try:
        return _by_key(shown, services, tokens, company.id)
    except KeyRefused:
        # Nobody guesses a key. Wrong ones are counted per address only, so that they lock nobody else out.
        _count_try(services, company.id, f"keys from {address}", address)
        raise


def _count_try(services: Services, org_id: UUID, who: str, address: str) -> None:
    with services.database.transaction() as connection:
        service.count_try(connection, org_id=org_id, email=who, address=address, now=services.clock.now())


def _by_password(shown: Password, services: Services, tokens: Tokens, org_id: UUID, address: str) -> AccessToken:
    now, zone = services.clock.now(), services.settings.time_zone
    with services.database.transaction() as connection:
        person = service.sign_in(
            connection, org_id=org_id, email=shown.email, password=shown.password, address=address
        )
        viewer = viewer_of_person(connection, org_id=org_id, person_id=person.id, as_of=now, time_zone=zone)
    return tokens.issue(viewer, now=now)


def _by_key(shown: str, services: Services, tokens: Tokens, org_id: UUID) -> AccessToken:
    now, zone = services.clock.now(), services.settings.time_zone
    with services.database.transaction() as connection:
        opened = api_keys.open_key(connection, org_id=org_id, told=shown, now=now)
        try:
            viewer = viewer_of_person(
                connection,
                org_id=org_id,
                person_id=opened.person_id,
                as_of=now,
                time_zone=zone,
                key_id=opened.key_id,
            )
        except NoSuchPerson as error:
            raise KeyRefused("The key's person may no longer sign in.") from error
    return tokens.issue(viewer, now=now, key_id=opened.key_id)
