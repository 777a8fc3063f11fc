"""The embedded chain: a thin Ethereum JSON-RPC node over py-evm and one SQLite file.

It exists so that a company without a chain of its own can anchor from the first minute. It is run
as a process of its own (``python -m ledger.node``), owned by one process at a time, and spoken to
over loopback only; nothing else of the product imports it. Everything that speaks to it speaks
plain Ethereum JSON-RPC, so any other node can take its place.

What lives here: ``storage`` (bytes on disk), ``evm`` (blocks and execution), ``shapes`` (values to
and from JSON), ``methods`` (the JSON-RPC methods), ``server`` (HTTP), ``__main__`` (the command).

What a node run by the portal's own operator proves, and what it does not: it orders and dates
batches, but its operator could make it again from nothing. Witnesses are the other parties who
keep the stream heads they saw.
"""
