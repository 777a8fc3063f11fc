"""Static files: one content-hashed folder name for all of them, kept compressed in memory.

``/static/<hash of everything>/tally.css`` may be cached for ever; one hash for the whole folder keeps the relative
imports of ES modules together. ``/static/tally.css`` works too and is checked again each time. Flask
itself does not compress, so text answers are compressed here as well; that is safe beside
secrets on a page because the session cookie is SameSite=Lax, so no other site can make a probing request.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flask import Blueprint, Flask, Response, abort, current_app, request

from portal.web.bundling import bundle, excerpt, names_in, squeeze, squeeze_module

STATIC = Path(__file__).resolve().parent.parent / "static"
TEMPLATES = Path(__file__).resolve().parent / "templates"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".wasm": "application/wasm",
}
_TEXT = (
    "text/",
    "application/json",
    "application/ld+json",
    "application/problem+json",
    "application/wasm",
    "image/svg",
)
SHEET = "tally.css"
EXCERPT = "passport.css"
"""The part of the sheet that a passport page needs; made from it, because scanning happens on slow lines."""

SCRIPT = "passport.js"
"""The passport page's modules in one, which travels smaller than one by one."""
_MODULES = ("status", "verify", "judging", "passport")
_PARTS = (
    "base.html",
    "public.html",
    "public/passport.html",
    "components/banners.html",
    "components/brand.html",
    "components/icons.html",
    "components/lang.html",
    "components/verdict.html",
)

_LEAST_BYTES = 600
_FOR_EVER = "public, max-age=31536000, immutable"
_HASH_CHARS = 12

blueprint = Blueprint("assets", __name__)


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file, ready to send.

    Attributes:
        data: The bytes.
        packed: The same, gzipped; empty when that would not be smaller.
        content_type: MIME type with charset.
        etag: Strong tag, first half of the SHA-256 in hex.
    """

    data: bytes
    packed: bytes
    content_type: str
    etag: str


class Assets:
    """All files below one folder, read once.

    Attributes:
        version: Hash over every name and content; part of the addresses.
    """

    def __init__(self, folder: Path = STATIC) -> None:
        self._files: dict[str, Asset] = {}
        total = hashlib.sha256()
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = path.relative_to(folder).as_posix()
            asset = _read(path)
            self._files[name] = asset
            total.update(f"{name}\0{asset.etag}\0".encode())
        if (folder / "passport.mjs").exists():
            self._files[EXCERPT] = _packed(EXCERPT, _passport_sheet(folder).encode())
            self._files[SCRIPT] = _packed(SCRIPT, bundle(folder, _MODULES, alone=False).encode())
        self.version = total.hexdigest()[:_HASH_CHARS]

    def find(self, name: str) -> Asset | None:
        """Return the file of that relative name, if there is one."""
        return self._files.get(name)

    def data(self, name: str) -> bytes:
        """Return a file's bytes.

        Raises:
            KeyError: There is no such file.
        """
        return self._files[name].data

    def url(self, name: str) -> str:
        """Return the address of a file that may be cached for ever.

        Raises:
            KeyError: There is no such file; a template names something that does not exist.
        """
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.version}/{name}"


def _passport_sheet(folder: Path) -> str:
    names = names_in([*(TEMPLATES / part for part in _PARTS), folder / "passport.mjs", folder / "tally.mjs"])
    return excerpt(squeeze((folder / SHEET).read_bytes()).decode(), names)


def _read(path: Path) -> Asset:
    data = path.read_bytes()
    if path.suffix == ".css":
        data = squeeze(data)
    if path.suffix == ".mjs" and "vendor" not in path.parts:
        data = squeeze_module(data)
    return _packed(path.name, data)


def _packed(name: str, data: bytes) -> Asset:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = _TYPES.get(PurePosixPath(name).suffix, guessed)
    packed = gzip.compress(data, 9, mtime=0) if kind.startswith(_TEXT) else b""
    if len(packed) >= len(data):
        packed = b""
    return Asset(data, packed, kind, hashlib.sha256(data).hexdigest()[:32])


@blueprint.route("/static/<path:name>")
def static_file(name: str) -> Response:
    """Send a static file; for ever when the address carries today's hash."""
    assets: Assets = current_app.extensions["tally_assets"]
    first, _, rest = name.partition("/")
    asset, hashed = assets.find(name), False
    if asset is None and len(first) == _HASH_CHARS:
        asset, hashed = assets.find(str(PurePosixPath(rest))), first == assets.version
    if asset is None:
        abort(404)
    small = bool(asset.packed) and _takes_gzip()
    answer = Response(asset.packed if small else asset.data, content_type=asset.content_type)
    answer.set_etag(asset.etag + ("-gz" if small else ""))
    answer.headers["Cache-Control"] = _FOR_EVER if hashed else "no-cache"
    answer.headers["Vary"] = "Accept-Encoding"
    if small:
        answer.headers["Content-Encoding"] = "gzip"
    return answer.make_conditional(request)  # type: ignore[return-value]


def _takes_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0


def is_text(content_type: str) -> bool:
    """Tell whether an answer of a content type is compressed at all."""
    return content_type.startswith(_TEXT)


def is_worth_packing(data: bytes) -> bool:
    """Tell whether compressing an answer saves anything."""
    return len(data) >= _LEAST_BYTES


def compress(answer: Response) -> Response:
    """Compress a text answer when the reader takes gzip; streams and files are left alone."""
    if (
        answer.is_streamed
        or answer.direct_passthrough
        or "Content-Encoding" in answer.headers
        or not is_text(answer.content_type or "")
    ):
        return answer
    answer.vary.add("Accept-Encoding")
    data = answer.get_data()
    if is_worth_packing(data) and _takes_gzip():
        answer.set_data(gzip.compress(data, 6, mtime=0))
        answer.headers["Content-Encoding"] = "gzip"
        etag, _weak = answer.get_etag()
        if etag:
            answer.set_etag(etag, weak=True)
    return answer


def init_app(app: Flask, *, folder: Path = STATIC) -> None:
    """Serve ``folder`` under ``/static`` and give templates ``asset(name)``.

    The application must be made with ``static_folder=None``, or Flask's own route wins.
    """
    assets = Assets(folder)
    app.extensions["tally_assets"] = assets
    app.jinja_env.globals["asset"] = assets.url
    app.register_blueprint(blueprint)
    app.after_request(compress)
