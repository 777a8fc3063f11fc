"""Access tokens: what is taken, and everything that is not."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.kernel.actor import Actor
from portal.kernel.disclosure import Disclosure, Role, Tier
from portal.partners.model import Company, PartnerName, Scope, Viewer
from portal.partners.tokens import BadToken, Claims, TokenExpired, Tokens

SEED = bytes(range(32))
ORIGIN = "https://portal.example"
NOW = datetime(2026, 11, 23, 2, 24, tzinfo=UTC)
ORG, PERSON, FIRM = UUID(int=1), UUID(int=2), UUID(int=3)
KEY = Ed25519PrivateKey.from_private_bytes(SEED)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(SEED, issuer=ORIGIN)


def viewer(*, partner: PartnerName | None, tier: Tier | None) -> Viewer:
    return Viewer(
        actor=Actor(org_id=ORG, label="Zhou Min", person_id=PERSON),
        role=Role.CUSTOMER,
        name="Zhou Min",
        email="zhou@example.com",
        language=None,
        org=Company(ORG, "主家", "Host", is_demo=False),
        partner=partner,
        agreement=None,
        disclosure=Disclosure(tier=tier),
        session_version=7,
    )


CUSTOMER = viewer(partner=PartnerName(FIRM, "C1", "甲", "A"), tier=Tier.KEY)


def good_claims(**changes: object) -> dict[str, object]:
    claims: dict[str, object] = {
        "iss": ORIGIN,
        "aud": "tallystick-api",
        "sub": str(PERSON),
        "org": str(ORG),
        "sv": 7,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 600,
        "jti": "1",
    }
    return {**claims, **changes}


def made(claims: dict[str, object], *, key: object = KEY, algorithm: str = "EdDSA", **header: object) -> str:
    kid = Tokens(SEED, issuer=ORIGIN).key_id
    headers = {"kid": kid, "typ": "at+jwt", **header}
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)  # type: ignore[arg-type]


def test_a_token_made_with_a_key_names_it_and_its_scopes(tokens: Tokens) -> None:
    reading = replace(CUSTOMER, scopes=frozenset({Scope.READ}))
    token = tokens.issue(reading, now=NOW, key_id=FIRM)
    assert tokens.read(token.text, now=NOW) == Claims(ORG, PERSON, 7, FIRM)
    claims = jwt.decode(token.text, options={"verify_signature": False})
    assert (claims["scope"], claims["key"]) == ("read", str(FIRM))


def test_a_token_says_who_and_is_good_for_ten_minutes(tokens: Tokens) -> None:
    token = tokens.issue(CUSTOMER, now=NOW)
    assert token.expires_at == NOW + timedelta(minutes=10)
    assert tokens.read(token.text, now=NOW) == Claims(ORG, PERSON, 7)
    assert tokens.read(token.text, now=NOW + timedelta(seconds=599)) == Claims(ORG, PERSON, 7)
    header = jwt.get_unverified_header(token.text)
    assert header == {"alg": "EdDSA", "kid": tokens.key_id, "typ": "at+jwt"}
    claims = jwt.decode(token.text, options={"verify_signature": False})
    del claims["jti"]
    assert claims == {
        "iss": "https://portal.example",
        "aud": "tallystick-api",
        "sub": "00000000-0000-0000-0000-000000000002",
        "org": "00000000-0000-0000-0000-000000000001",
        "partner": "00000000-0000-0000-0000-000000000003",
        "tier": "key",
        "scope": "act read",
        "key": None,
        "sv": 7,
        "iat": 1795400640,
        "exp": 1795401240,
    }


def test_a_token_of_the_hosts_staff_names_no_partner_and_no_tier(tokens: Tokens) -> None:
    token = tokens.issue(viewer(partner=None, tier=None), now=NOW)
    claims = jwt.decode(token.text, options={"verify_signature": False})
    assert (claims["partner"], claims["tier"]) == (None, None)


def test_what_we_make_by_hand_is_taken_so_the_refusals_below_mean_something(tokens: Tokens) -> None:
    assert tokens.read(made(good_claims()), now=NOW) == Claims(ORG, PERSON, 7)


@pytest.mark.parametrize("seconds", [600, 86_400, -1])
def test_before_and_after_its_ten_minutes_it_is_not_good(tokens: Tokens, seconds: int) -> None:
    token = tokens.issue(CUSTOMER, now=NOW)
    with pytest.raises(TokenExpired):
        tokens.read(token.text, now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"aud": "another-api"},
        {"sub": "nobody"},
        {"org": "1"},
        {"sv": "x"},
        {"sub": 5},
        {"sv": None},
        {"key": "no uuid"},
    ],
)
def test_a_signed_token_with_wrong_claims_is_refused(tokens: Tokens, changes: dict[str, object]) -> None:
    with pytest.raises(BadToken):
        tokens.read(made(good_claims(**changes)), now=NOW)


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "org", "sv", "iat", "exp", "jti"])
def test_a_signed_token_that_lacks_a_claim_is_refused(tokens: Tokens, name: str) -> None:
    claims = good_claims()
    del claims[name]
    with pytest.raises(BadToken):
        tokens.read(made(claims), now=NOW)


def test_a_token_signed_by_another_key_is_refused(tokens: Tokens) -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(BadToken):
        tokens.read(made(good_claims(), key=other), now=NOW)


@pytest.mark.parametrize("header", [{"kid": "0000"}, {"typ": "JWT"}])
def test_another_key_id_or_type_is_refused(tokens: Tokens, header: dict[str, object]) -> None:
    with pytest.raises(BadToken):
        tokens.read(made(good_claims(), **header), now=NOW)


def test_a_token_without_a_signature_is_refused(tokens: Tokens) -> None:
    with pytest.raises(BadToken):
        tokens.read(made(good_claims(), key=None, algorithm="none"), now=NOW)


def test_a_token_that_takes_our_public_key_for_a_shared_secret_is_refused(tokens: Tokens) -> None:
    public = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    with pytest.raises(BadToken):
        tokens.read(made(good_claims(), key=public, algorithm="HS256"), now=NOW)


def test_one_changed_claim_breaks_the_signature(tokens: Tokens) -> None:
    head, body, signature = tokens.issue(CUSTOMER, now=NOW).text.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["tier"] = "strategic"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    with pytest.raises(BadToken):
        tokens.read(f"{head}.{forged}.{signature}", now=NOW)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é.é.é", "x" * 2049])
def test_what_is_no_token_at_all_is_refused(tokens: Tokens, text: str) -> None:
    with pytest.raises(BadToken):
        tokens.read(text, now=NOW)


def test_a_token_is_verified_once_and_ends_all_the_same(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tokens.issue(viewer(partner=None, tier=None), now=NOW).text
    first = tokens.read(text, now=NOW)
    monkeypatch.setattr(tokens, "_verified", lambda _text: pytest.fail("verified again"))
    assert tokens.read(text, now=NOW + timedelta(minutes=9)) == first
    with pytest.raises(TokenExpired):
        tokens.read(text, now=NOW + timedelta(minutes=10))


def test_of_many_tokens_those_that_ended_are_forgotten_first(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.partners.tokens._MOST_KNOWN", 2)
    somebody = viewer(partner=None, tier=None)
    for minutes in (0, 1, 12):
        now = NOW + timedelta(minutes=minutes)
        tokens.read(tokens.issue(somebody, now=now).text, now=now)
    assert len(tokens._known) == 1  # two had ended
    for minutes in (12, 13):
        now = NOW + timedelta(minutes=minutes)
        tokens.read(tokens.issue(somebody, now=now).text, now=now)
    assert len(tokens._known) == 1  # none had ended: begun anew
