"""Passwords: argon2id, made anew when the parameters grow."""

from argon2 import PasswordHasher

from portal.partners.passwords import hashed, matches, outdated


def test_a_password_matches_its_own_hash_and_no_other() -> None:
    stored = hashed("correct horse")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert matches("correct horse", stored)
    assert not matches("correct horsf", stored)


def test_the_same_password_is_salted_anew_each_time() -> None:
    assert hashed("correct horse") != hashed("correct horse")


def test_nobody_matches_nothing_not_even_the_decoys_own_words() -> None:
    assert not matches("correct horse", None)
    assert not matches("nobody has this password", None)


def test_a_broken_hash_matches_nothing() -> None:
    assert not matches("correct horse", "plain text")


def test_a_hash_of_weaker_parameters_is_outdated() -> None:
    assert outdated(PasswordHasher(time_cost=1, memory_cost=8192).hash("correct horse"))
    assert not outdated(hashed("correct horse"))
