"""Check an audit pack: every passport in it by the ordinary steps, its anchor by the pack's own proven states.

What is believed comes from the auditor and never from the pack: the trust file, and the hash of the block the
states are proven at. No server and no chain is asked. ``portal/static/pack.mjs`` is the twin in the browser.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.canonical import digest_multibase, parse_json_strict, sha256
from ledger.errors import LedgerError, NotJSON, PackRefused
from ledger.keys import to_instant
from ledger.pack import Pack, PackFile, Role
from ledger.stateproof import State
from ledger.trust import TrustList
from ledger.verification.proven import ProvenStates
from ledger.verification.report import Check, Question, Report, Verdict, Witness
from ledger.verification.report import State as Outcome
from ledger.verify import answer

MAX_BUNDLES: Final = 2_000


@dataclass(frozen=True, slots=True)
class PackReport:
    """What a pack comes to: whether it can be read, and every passport's own report.

    Args:
        pack: One line: the pack itself.
        bundles: By the file's name.
    """

    pack: Check
    bundles: tuple[tuple[str, Report], ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        verdicts = {report.verdict for _, report in self.bundles}
        if self.pack.state is Outcome.FAILED or Verdict.INVALID in verdicts:
            return Verdict.INVALID
        return Verdict.PARTIAL if Verdict.PARTIAL in verdicts else Verdict.VALID

    def to_json(self) -> dict[str, Any]:
        """Return JSON types: ``verdict``, the pack's own line, and the bundles in order."""
        line = self.pack
        return {
            "verdict": self.verdict.value,
            "pack": {"id": line.id, "state": line.state.value, "code": line.code, "params": line.params},
            "bundles": [{"name": name, **report.to_json()} for name, report in self.bundles],
        }


def verify_pack(
    data: bytes,
    *,
    as_of: datetime,
    trust: TrustList | None = None,
    known_blocks: Iterable[bytes] = (),
    witness: Witness | None = None,
) -> PackReport:
    """Check a pack; refusals are lines of the report, not exceptions. No chain is asked.

    Args:
        data: The zip's bytes.
        as_of: The moment to judge validity at, with a time zone.
        trust: The auditor's trust list.
        known_blocks: Hashes of blocks the auditor had from somewhere else; the trust list's count too.
        witness: Asked for anchors instead of the pack's own states: a chain's endpoint, where there is one.

    Raises:
        Malformed: ``as_of`` has no time zone.
    """
    to_instant(as_of)
    try:
        pack = Pack.from_zip(data)
        asked = witness or ProvenStates(_states(pack), known_blocks)
        named = _bundles(pack)
        _check_papers(pack)
    except PackRefused as refusal:
        return PackReport(Check("pack", Outcome.FAILED, refusal.reason, refusal.values))
    question = Question(as_of, trust, witness=asked)
    reports = tuple((file.name, _judged(file, pack, question)) for file in named)
    params = {"bundles": len(named), "files": len(pack.files), "made": to_instant(pack.made_at)}
    return PackReport(Check("pack", Outcome.OK, "ok", params), reports)


def _bundles(pack: Pack) -> tuple[PackFile, ...]:
    bundles = pack.of_role(Role.BUNDLE)
    if not 1 <= len(bundles) <= MAX_BUNDLES:
        raise PackRefused("pack_content", f"{len(bundles)} passports, 1 to {MAX_BUNDLES} allowed")
    return bundles


def _check_papers(pack: Pack) -> None:
    """Refuse papers no passport cites: beside genuine ones they would look proven."""
    cited = frozenset[str]().union(*(papers_of(file.data) for file in pack.of_role(Role.BUNDLE)))
    for paper in pack.of_role(Role.EVIDENCE):
        if digest_multibase(sha256(paper.data)) not in cited:
            raise PackRefused("pack_content", f"no passport cites {paper.name}", file=paper.name)


def _states(pack: Pack) -> list[State]:
    states = []
    for file in pack.of_role(Role.STATE):
        try:
            states.append(State.from_json(file.data))
        except LedgerError as error:
            raise PackRefused("pack_content", f"{file.name}: {error.message}", file=file.name) from error
    return states


def _judged(file: PackFile, pack: Pack, question: Question) -> Report:
    """Judge one passport; its file's name is the printed fingerprint, its papers those the pack holds."""
    digest = bytes.fromhex(file.name.removeprefix("bundles/").removesuffix(".json"))
    code = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    listed = papers_of(file.data)
    papers = tuple(
        (paper.name, paper.data)
        for paper in pack.of_role(Role.EVIDENCE)
        if digest_multibase(sha256(paper.data)) in listed
    )
    asked = Question(question.as_of, question.trust, None, code, papers, question.witness)
    return answer(file.data, asked)


def papers_of(bundle: bytes) -> frozenset[str]:
    """Return the digests (``digestMultibase``) of the files a bundle's credential cites; none when unreadable."""
    try:
        credential = parse_json_strict(bundle)["credential"]
        cited = credential["relatedResource"]
        return frozenset(one["digestMultibase"] for one in cited if isinstance(one["digestMultibase"], str))
    except (NotJSON, LookupError, TypeError):
        return frozenset()
