"""PDF files written by hand: numbered objects, their table, the trailer (ISO 32000-2 section 7.5)."""

import zlib
from collections.abc import Sequence


def assembled(objects: Sequence[bytes]) -> bytes:
    """Return a PDF of objects numbered from 1, the first its catalogue; the same objects give the same bytes."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def packed_stream(data: bytes, entries: bytes = b"") -> bytes:
    """Return a stream object, compressed, with more entries in its dictionary."""
    packed = zlib.compress(data, 9)
    return b"<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (entries, len(packed), packed)
