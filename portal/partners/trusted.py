"""Trusted documents: what programs may ask for by an identifier, and which tiers may ask for nothing else.

The files lie in ``graphql/trusted/`` and, the host's own, in the folder ``trusted`` of the home folder. The first
line of each says whose it is: ``# For ordinary, key: What it is about.`` The identifier is the SHA-256 of the
whole text, as GraphQL over HTTP, appendix A "Persisted Documents", has it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from portal.partners.audience import Audience
from portal.platform.config import BadSetting
from portal.platform.packaged import graphql_files

FOLDER = "trusted"
_HEAD = re.compile(r"# For ([a-z]+(?:, [a-z]+)*): (.+)")


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """A document that programs may ask for by its identifier.

    Attributes:
        name: Of its file.
        about: What it is about, in a sentence.
        audiences: Who may.
        source: Its text.
        identifier: ``sha256:`` and 64 digits.
    """

    name: str
    about: str
    audiences: frozenset[Audience]
    source: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Trusted:
    """The documents of an installation.

    Attributes:
        documents: By identifier.
        only: Audiences whose programs may ask for nothing else.
    """

    documents: Mapping[str, TrustedDocument]
    only: frozenset[Audience]

    def found(self, identifier: str, audience: Audience) -> TrustedDocument | None:
        """Return an audience's document; ``None`` where it has none of that identifier."""
        document = self.documents.get(identifier)
        return document if document is not None and audience in document.audiences else None

    def of(self, audience: Audience) -> list[TrustedDocument]:
        """Return an audience's documents, by name."""
        return sorted(
            (one for one in self.documents.values() if audience in one.audiences), key=lambda one: one.name
        )


def read_trusted(home: Path, *, only: str) -> Trusted:
    """Read the documents of an installation.

    Args:
        home: The home folder, with the host's own documents in ``trusted``.
        only: ``TALLY_TRUSTED_ONLY``: names of audiences.

    Raises:
        BadSetting: The setting names an audience there is not, or a file's first line does not say whose it is.
    """
    texts = [*graphql_files(FOLDER).items()]
    texts += [(path.stem, path.read_text("utf-8")) for path in sorted((home / FOLDER).glob("*.graphql"))]
    documents = [to_document(name, source) for name, source in texts]
    audiences = _audiences(only.split(), told=f"TALLY_TRUSTED_ONLY={only!r}")
    return Trusted({one.identifier: one for one in documents}, audiences)


def to_document(name: str, source: str) -> TrustedDocument:
    """Return a file's document.

    Raises:
        BadSetting: Its first line does not say whose it is.
    """
    head = _HEAD.fullmatch(source.partition("\n")[0])
    if head is None:
        raise BadSetting(f"{name}.graphql does not begin with “# For <audience>, …: <about>”.", text=name)
    return TrustedDocument(
        name=name,
        about=head[2],
        audiences=_audiences(head[1].split(", "), told=f"{name}.graphql"),
        source=source,
        identifier=identifier_of(source),
    )


def identifier_of(source: str) -> str:
    """Return a document's SHA256 hex document identifier."""
    return f"sha256:{sha256(source.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _audiences(names: Iterable[str], *, told: str) -> frozenset[Audience]:
    try:
        return frozenset(Audience(name) for name in names)
    except ValueError as error:
        raise BadSetting(f"{told}: {error}.", text=told) from error
