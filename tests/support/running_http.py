"""A visitor without a browser: cookies, forms and files over HTTP, from the standard library alone."""

import contextlib
import http.client
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from support.running import Ready, locked

TIMEOUT_S = 20
REDIRECTS = 5


class NotThereError(AssertionError):
    """The page is not the one it should be, or lacks what was looked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: Status of the last answer.
        url: Path and query it came from.
        headers: By lower-case name.
        body: Its bytes.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body's JSON."""
        return json.loads(self.body)

    def forms(self) -> list["Form"]:
        """Return the forms of the page, in order."""
        reader = _Forms()
        reader.feed(self.text)
        return reader.found

    def form(self, *, action: str = "", having: str = "") -> "Form":
        """Return the first form whose action ends so and that has such a field."""
        for form in self.forms():
            if form.action.endswith(action) and (not having or having in form.fields or having in form.buttons):
                return form
        raise NotThereError(f"no form {action!r} having {having!r} on {self.url}: {self.forms()}")

    def links(self) -> list[str]:
        """Return where the page leads within the portal."""
        return [unescaped(found) for found in re.findall(r'<a[^>]* href="(/[^"#]*)', self.text)]

    @property
    def words(self) -> str:
        """The page's text without marks, in one line."""
        bare = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", self.text)
        return unescaped(" ".join(re.sub(r"<[^>]+>", " ", bare).split()))


def unescaped(text: str) -> str:
    """Return text with the entities our pages use resolved."""
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        text = text.replace(entity, letter)
    return text


@dataclass(slots=True)
class Form:
    """One form as a page offers it, with what it would send untouched."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


class _Forms(HTMLParser):
    """Collects forms; buttons without a form are ignored."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a form would send."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(values.get("action", ""), values.get("method", "get").lower())
            self.found.append(self._open)
        if self._open is None:
            return
        name = values.get("name", "")
        if tag == "select":
            self._select = name
        if tag == "option" and self._select and ("selected" in values or self._select not in self._open.fields):
            self._open.fields[self._select] = values.get("value", "")
        if tag == "button" and name:
            self._open.buttons.setdefault(name, []).append(values.get("value", ""))
        if tag == "textarea" and name:
            self._open.fields[name] = ""
        if tag == "input" and name:
            self._input(self._open, name, values)

    @staticmethod
    def _input(form: Form, name: str, values: Mapping[str, str]) -> None:
        kind = values.get("type", "text")
        if kind == "file":
            form.files.append(name)
        elif kind not in {"radio", "checkbox"} or "checked" in values:
            form.fields[name] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Close what was open."""
        if tag == "form":
            self._open = None
        if tag == "select":
            self._select = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a form."""

    name: str
    body: bytes
    media_type: str = "application/octet-stream"


class Visitor:
    """Somebody with cookies at one portal.

    Args:
        origin: Scheme, host and port.
        language: What the visitor's browser asks for.
    """

    def __init__(self, origin: str, *, language: str = "zh-CN,zh;q=0.9") -> None:
        parts = urlsplit(origin)
        self.origin = origin
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.language = language
        self.cookies: dict[str, str] = {}

    def request(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask once and follow nothing.

        Raises:
            OSError: Nobody answers.
            http.client.HTTPException: The answer broke off.
        """
        sent = {"Accept-Language": self.language, "Accept": "text/html,*/*;q=0.8", **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)
        try:
            # A server that has read enough of a body says so and hangs up; what it said still counts.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._keep(value)
        return Answer(answer.status, path, {k.lower(): v for k, v in answer.getheaders()}, content)

    def _keep(self, cookie: str) -> None:
        name, _, rest = cookie.partition("=")
        value = rest.partition(";")[0]
        if value:
            self.cookies[name] = value
        else:
            self.cookies.pop(name, None)

    def _followed(self, answer: Answer) -> Answer:
        for _ in range(REDIRECTS):
            if answer.status not in {301, 302, 303, 307, 308}:
                break
            parts = urlsplit(answer.headers["location"])
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            answer = self.request("GET", path)
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        """Open a page and follow where it leads."""
        return self._followed(self.request("GET", path, headers=headers))

    def post(self, path: str, fields: Mapping[str, str], *, files: Mapping[str, Upload] | None = None) -> Answer:
        """Send a form and follow where it leads."""
        if files:
            body, kind = multipart(list(fields.items()), files)
        else:
            body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        return self._followed(self.request("POST", path, body=body, headers={"Content-Type": kind}))

    def send(
        self, page: Answer, form: Form, *, files: Mapping[str, Upload] | None = None, **fields: str
    ) -> Answer:
        """Fill in a form of a page and send it as a browser without scripts would."""
        values = {**form.fields, **fields}
        action = form.action or page.url
        if form.method == "post":
            return self.post(action, values, files=files)
        return self.get(action.partition("?")[0] + "?" + urlencode(values))

    def sign_in(self, email: str, password: str) -> Answer:
        """Sign in through the form."""
        page = self.get("/login")
        return self.send(page, page.form(having="password"), email=email, password=password)

    def post_json(self, path: str, value: Any, **headers: str) -> Answer:
        """Send JSON."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.request("POST", path, body=body, headers={"Content-Type": "application/json", **headers})


def multipart(fields: Sequence[tuple[str, str]], files: Mapping[str, Upload]) -> tuple[bytes, str]:
    """Return a multipart body and its content type."""
    line = f"tally{secrets.token_hex(12)}"
    parts = [
        f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    for name, file in files.items():
        head = f'--{line}\r\nContent-Disposition: form-data; name="{name}"; filename="{file.name}"\r\n'
        parts.append(f"{head}Content-Type: {file.media_type}\r\n\r\n".encode() + file.body + b"\r\n")
    return b"".join([*parts, f"--{line}--\r\n".encode()]), f"multipart/form-data; boundary={line}"


def session_of(portal: Ready, folder: Path, role: str, tier: str = "") -> dict[str, str]:
    """Return the cookies of a demo person, signed in once a run: tries to sign in are counted.

    Args:
        portal: The run's portal.
        folder: Shared by the test processes of the run.
        role: The role.
        tier: Of a customer.
    """
    file = folder / f"session-{portal.pid}-{role}-{tier}.json"
    with locked(file.with_suffix(".lock")):
        if not file.exists():
            visitor = Visitor(portal.url)
            visitor.sign_in(*portal.login(role, tier))
            file.write_text(json.dumps(visitor.cookies), "utf-8")
    cookies: dict[str, str] = json.loads(file.read_text("utf-8"))
    return {name: value for name, value in cookies.items() if name == "tally"}


def visitor_of(portal: Ready, folder: Path, role: str, tier: str = "") -> Visitor:
    """Return a demo person at the portal, signed in."""
    visitor = Visitor(portal.url)
    visitor.cookies.update(session_of(portal, folder, role, tier))
    return visitor
