"""What ``tally ledger status`` shows of a chain: the pin, who answers, whether both lists of batches agree."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.chain import Chain
from ledger.errors import LedgerError
from ledger.history import check_stream
from portal.passports.anchoring import ChainSettings, check_pinned, store_of
from portal.passports.reads import ChainPin, chain_pin
from portal.passports.rebuilding import named
from portal.passports.writer import WriterState, sealed_batches, standing
from portal.platform.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """One chain, asked now.

    Attributes:
        role: ``main`` or ``extra``.
        pinned: The chain the writer is pinned to; empty before its first start.
        answers: The chain that answers; empty when none does.
        contract: Its registry.
        kind: ``embedded``, ``consortium`` or ``public``.
        sealed: Batches sealed here.
        final: Of these, final on the chain.
        count: Batches the contract counts.
        head: Its head, hexadecimal.
        trouble: What keeps the writer from anchoring, as code and words; empty when nothing does.
        noted: What the worker noted last, with since when.
    """

    role: str
    pinned: str
    answers: str
    contract: str
    kind: str
    sealed: int
    final: int
    count: int
    head: str
    trouble: str
    noted: str

    @property
    def is_well(self) -> bool:
        """Whether nothing keeps the writer from anchoring."""
        return not self.trouble and not self.noted.startswith(WriterState.STOPPED.value)

    def to_json(self) -> dict[str, Any]:
        """Return what is shown, by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def chain_status(database: Database, settings: ChainSettings, *, org_id: UUID, now: datetime) -> ChainStatus:
    """Ask a chain and compare; changes nothing, and takes no refusal for a failure of its own.

    Args:
        database: Connections.
        settings: The chain.
        org_id: The host company.
        now: Instant of asking.
    """
    with database.reading() as connection:
        pin = chain_pin(connection, org_id=org_id, role=settings.role)
        sealed = [(one.root, one.size) for one in sealed_batches(connection, org_id=org_id)]
        noted = standing(connection, org_id=org_id, role=settings.role)
    final = 0 if pin is None else store_of(database, settings.role, pin, org_id=org_id, now=now).final()
    found: dict[str, Any] = {"answers": "", "count": 0, "head": "", "trouble": ""}
    try:
        _ask(Chain(settings.rpc_url), pin, sealed, final=final, found=found)
    except LedgerError as error:
        found["trouble"] = f"{error.code}: {error.message}"
    return ChainStatus(
        role=settings.role,
        pinned="" if pin is None else f"{pin.chain_id}:{pin.genesis.hex()[:16]}",
        contract="" if pin is None else pin.contract,
        kind=settings.kind if pin is None else pin.kind,
        sealed=len(sealed),
        final=final,
        noted="" if noted is None else f"{noted.state.value} {noted.code} {noted.since.isoformat()}",
        **found,
    )


def _ask(
    chain: Chain, pin: ChainPin | None, sealed: list[tuple[bytes, int]], *, final: int, found: dict[str, Any]
) -> None:
    """Fill in what the chain says, as far as it comes before a refusal."""
    found["answers"] = named(chain.identity())
    if pin is None:
        return
    check_pinned(chain, pin)
    state = chain.stream_state(pin.contract, pin.stream)
    found |= {"count": state.count, "head": state.head.hex()}
    check_stream(state, sealed, final=final)
