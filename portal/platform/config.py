"""Settings: read once from the environment, documented one by one in ``docs/operations.md``.

No setting has a default that would be unsafe in production: secrets are made on first start and kept in the
home folder (0700), never in code. A test fails on a setting that the operations page does not name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from portal.kernel.errors import Malformed


class BadSetting(Malformed):
    """An environment setting cannot be read."""

    code = "bad_setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set from outside; ``Settings.from_env`` is the only maker in production.

    Attributes:
        home: Folder that holds all state: database, chain, keys, files (``TALLY_HOME``).
        host: Address the portal listens on (``TALLY_HOST``).
        port: Port the portal listens on (``TALLY_PORT``).
        base_url: Public origin, without a trailing slash; the issuer's did:web and the QR codes carry it
            (``TALLY_BASE_URL``). Empty: ``http://localhost:<port>``.
        database_url: ``postgresql://…`` of a server of your own; empty: the embedded one (``TALLY_DATABASE_URL``).
        pg_bin: Folder with ``initdb`` and ``postgres`` to use instead of the wheel's (``TALLY_PG_BIN``).
        chain_rpc_url: Ethereum JSON-RPC endpoint; empty: the embedded chain (``TALLY_CHAIN_RPC_URL``).
        chain_id: Chain id of the embedded chain, or the one the endpoint must have (``TALLY_CHAIN_ID``).
        chain_kind: What the verify page says of the chain: ``embedded``, ``consortium`` or ``public``
            (``TALLY_CHAIN_KIND``).
        chain_confirmations: Blocks on top of an anchor before it is final (``TALLY_CHAIN_CONFIRMATIONS``).
        chain_extra_rpc_url: Endpoint of a second chain that witnesses the same batches; empty: none
            (``TALLY_CHAIN_EXTRA_RPC_URL``).
        chain_extra_id: Chain id it must have (``TALLY_CHAIN_EXTRA_ID``).
        chain_extra_kind: What it is: ``embedded``, ``consortium`` or ``public`` (``TALLY_CHAIN_EXTRA_KIND``).
        chain_extra_confirmations: As ``chain_confirmations``, there (``TALLY_CHAIN_EXTRA_CONFIRMATIONS``).
        key_file: File whose content opens the signing keys; empty: ``key-encryption.key`` in the home folder
            (``TALLY_KEY_FILE``).
        key_passphrase: Passphrase that opens them instead (``TALLY_KEY_PASSPHRASE``).
        seal_seconds: Longest wait of an issued credential for its batch (``TALLY_SEAL_SECONDS``).
        max_upload_mb: Largest request body in MiB (``TALLY_MAX_UPLOAD_MB``).
        web_threads: Threads of the web server (``TALLY_WEB_THREADS``).
        default_language: Language shown when the reader's browser names none we have (``TALLY_DEFAULT_LANGUAGE``).
        time_zone: Zone of dates and cut-offs shown to people (``TALLY_TIME_ZONE``).
        api_buckets: How much a firm's programs may ask for, where it is not the default: by audience, points the
            bucket holds and points a second, such as ``ordinary=5000/50 key=80000/800`` (``TALLY_API_BUCKETS``).
        trusted_only: Audiences whose programs may send trusted documents only, such as ``ordinary key``; empty:
            none (``TALLY_TRUSTED_ONLY``).
        debug: Shows the style guide; never tracebacks (``TALLY_DEBUG``).
        log_format: ``json``, ``text`` or ``auto`` (text on a terminal) (``TALLY_LOG_FORMAT``).
    """

    home: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str = ""
    database_url: str = ""
    pg_bin: str = ""
    chain_rpc_url: str = ""
    chain_id: int = 31337
    chain_kind: str = "embedded"
    chain_confirmations: int = 0
    chain_extra_rpc_url: str = ""
    chain_extra_id: int = 0
    chain_extra_kind: str = "consortium"
    chain_extra_confirmations: int = 1
    key_file: str = ""
    key_passphrase: str = field(default="", repr=False)
    seal_seconds: int = 5
    max_upload_mb: int = 64
    web_threads: int = 8
    default_language: str = "zh"
    time_zone: str = "Asia/Shanghai"
    api_buckets: str = ""
    trusted_only: str = "ordinary"
    debug: bool = False
    log_format: str = "auto"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read ``TALLY_*`` from ``environ``.

        Raises:
            BadSetting: A value cannot be read as what it should be, or a ``TALLY_`` name is unknown.
        """
        known = {variable_of(f.name): f for f in fields(cls)}
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if not variable.startswith("TALLY_"):
                continue
            if variable not in known:
                raise BadSetting(f"{variable} is not a setting of Tallystick.", variable=variable)
            field = known[variable]
            values[field.name] = _read(variable, text, type(field.default))
        return cls(**values)

    @property
    def origin(self) -> str:
        """The public origin people and QR codes use, without a trailing slash."""
        return self.base_url.rstrip("/") or f"http://localhost:{self.port}"


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"TALLY_{name.upper()}"


_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


def _read(variable: str, text: str, kind: type) -> Any:
    try:
        return _WORDS[text.strip().lower()] if kind is bool else kind(text)
    except (KeyError, ValueError) as error:
        raise BadSetting(
            f"{variable}={text!r} cannot be read as {kind.__name__}.", variable=variable, text=text
        ) from error
