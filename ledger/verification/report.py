"""What a verifier brings along, and what it reports."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from ledger.abi import AnchorRecord
from ledger.bundle import Anchor
from ledger.errors import NotChecked, VerificationError
from ledger.trust import TrustedAnchor, TrustList


class State(StrEnum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"
    NOT_ASKED = "not_asked"


class Verdict(StrEnum):
    """What the steps amount to: one failure is enough for ``invalid``, one gap for ``partial``."""

    VALID = "valid"
    INVALID = "invalid"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report.

    Args:
        code: Stable word for programs and translations; ``ok`` and ``not_asked`` for those states.
        params: Values for the sentence, JSON types.
    """

    id: str
    state: State
    code: str
    params: dict[str, Any] = field(default_factory=dict)


def run_step(name: str, step: Callable[[], dict[str, Any]]) -> Check:
    """Run a step and return its line: what it refuses failed, what it could not do is not checked."""
    try:
        return Check(name, State.OK, "ok", step())
    except VerificationError as refusal:
        return Check(name, State.FAILED, refusal.reason, refusal.values)
    except NotChecked as gap:
        return Check(name, State.NOT_CHECKED, gap.reason, gap.values)


@dataclass(frozen=True, slots=True)
class Report:
    """All steps and the verdict.

    Args:
        credential: What was checked, to show instead of anything a page says; ``None`` when unreadable.
    """

    checks: tuple[Check, ...]
    credential: dict[str, Any] | None

    @property
    def verdict(self) -> Verdict:
        """The sum of the steps."""
        states = {check.state for check in self.checks}
        if State.FAILED in states:
            return Verdict.INVALID
        return Verdict.PARTIAL if State.NOT_CHECKED in states else Verdict.VALID

    def to_json(self) -> dict[str, Any]:
        """Return JSON types: ``verdict`` and ``checks`` in order."""
        return {
            "verdict": self.verdict.value,
            "checks": [
                {"id": c.id, "state": c.state.value, "code": c.code, "params": c.params} for c in self.checks
            ],
        }


class Witness(Protocol):
    """Who tells what a contract knows of a root."""

    def record(self, target: TrustedAnchor, root: bytes) -> AnchorRecord:
        """Return what the trusted contract knows; all zero when it knows nothing.

        Raises:
            NotChecked: It cannot be told from here; the code says why.
            AnchorInvalid: What should tell it contradicts itself.
        """
        ...

    def check_block(self, target: TrustedAnchor, anchor: Anchor, root: bytes) -> dict[str, Any]:
        """Compare the block a bundle names, and return what the report adds.

        Raises:
            AnchorInvalid: ``block_differs``.
            NotChecked: As ``record``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a verifier brings along.

    Args:
        trust: Its trust list; without one the verdict is at most ``partial``.
        rpc_url: Endpoint to ask instead of the one in the trust list.
        expected_hash: The ``#h=`` of the printed code.
        files: Names and bytes of documents in hand.
        as_of: The moment to judge validity at, with a time zone.
        witness: Asked instead of any endpoint.
    """

    as_of: datetime
    trust: TrustList | None = None
    rpc_url: str | None = None
    expected_hash: str | None = None
    files: tuple[tuple[str, bytes], ...] = ()
    witness: Witness | None = None
