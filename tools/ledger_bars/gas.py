"""Gas of a batch by the receipts of the embedded node, asked over HTTP.

Batches of 10,000 credentials; the dearest of 50 (quick: 5) after the stream's first.
"""

import hashlib
import tempfile
from pathlib import Path

from eth_account import Account

from ledger.backend import AnchorCall
from ledger.chain import Chain
from ledger.contract import stream_id
from ledger_bars.chain_process import running_chain

BARS = {"gas_per_batch_steady": ("<=", 65_000), "gas_per_credential_at_10000": ("<=", 6.5)}
BATCH = 10_000
BATCHES, QUICK_BATCHES = 50, 5


def measure(*, quick: bool) -> dict[str, float]:
    """Anchor batch after batch and read what their receipts say."""
    with tempfile.TemporaryDirectory() as folder, running_chain(Path(folder) / "chain.sqlite") as node:
        chain = Chain(node.url)
        account = Account.from_key(hashlib.sha256(b"bench").digest())
        contract = chain.deploy(account)
        salt = bytes(32)
        stream = stream_id(bytes.fromhex(account.address[2:]), salt)
        chain.open_stream(account, contract=contract, salt=salt, admin=account.address)
        chain.set_writer(account, contract=contract, stream=stream, writer=account.address, valid_until=2**63 - 1)
        costs = []
        for seq in range(1 + (QUICK_BATCHES if quick else BATCHES)):
            root = hashlib.sha256(seq.to_bytes(8)).digest()
            signed = chain.sign_anchor(
                account,
                AnchorCall(contract, stream, root, BATCH, seq),
                chain_id=chain.identity().chain_id,
                nonce=chain.next_nonce(account.address),
                fees=chain.fees(),
            )
            chain.send_raw(signed.raw)
            receipt = chain.receipt(signed.tx_hash)
            if receipt is None or not receipt.succeeded:
                raise RuntimeError(f"batch {seq} was not anchored")
            costs.append(receipt.gas_used)
    steady = max(costs[1:])
    return {"gas_per_batch_steady": steady, "gas_per_credential_at_10000": steady / BATCH}
