"""PDFs nobody should have to read: made by hand, each for one way to hurt a reader."""

import io
import zipfile
import zlib
from collections.abc import Sequence

from pypdf import PdfWriter


def assembled(objects: Sequence[bytes], *, trailer: bytes = b"") -> bytes:
    """Return a PDF of numbered objects; the first is its catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


PAGES = (b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] %s >>"


def plain() -> bytes:
    """A page that harms nobody."""
    return assembled([*PAGES, PAGE % b""])


def nested() -> bytes:
    """Two hundred thousand brackets within each other."""
    return assembled([*PAGES, PAGE % b"/Annots 4 0 R", b"[" * 200_000 + b"]" * 200_000])


def swollen() -> bytes:
    """A stream of objects that unpacks to 400 MB: one packed MB, repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"0 " * (1 << 19)) + packer.flush(zlib.Z_FULL_FLUSH)
    return _in_stream(b"\x78\xda" + block * 400 + packer.flush())


def _in_stream(packed: bytes) -> bytes:
    """Return a PDF whose first page's marks lie in a packed stream of objects."""
    body = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, text in enumerate((*PAGES, PAGE % b"/Annots 9 0 R"), start=1):
        places[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    places[4] = len(body)
    body += b"4 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
    body += packed + b"\nendstream\nendobj\n"
    start = len(body)
    rows = [b"\x00\x00\x00\x00\x00\x00"]
    rows += [b"\x01" + places[number].to_bytes(4, "big") + b"\x00" for number in range(1, 5)]
    rows += [b"\x01" + start.to_bytes(4, "big") + b"\x00"]
    rows += [b"\x00" * 6] * 3 + [b"\x02" + (4).to_bytes(4, "big") + b"\x00"]
    table = zlib.compress(b"".join(rows))
    body += (
        b"5 0 obj\n<< /Type /XRef /Size 10 /Root 1 0 R /W [1 4 1] /Filter /FlateDecode /Length %d >>\nstream\n"
        % len(table)
    )
    body += table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(body)


def circling() -> bytes:
    """A tree of pages that is its own child, and a table that names itself as the one before."""
    looped = (b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 99999999 >>")
    return assembled(looped, trailer=b"/Prev 9")


def crowded() -> bytes:
    """Thirty levels of pages, each naming the next one twice: a thousand million pages in 3 KB."""
    levels = [b"<< /Type /Pages /Kids [%d 0 R %d 0 R] /Count 2 >>" % (n + 1, n + 1) for n in range(2, 32)]
    return assembled([PAGES[0], *levels, PAGE % b""])


def locked() -> bytes:
    """A page behind a password."""
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(72, 72)
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


def archive_too() -> bytes:
    """A page, and an archive behind it that ends as a PDF does."""
    out = io.BytesIO(plain())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("run.sh", "x")
        archive.comment = b"%%EOF"
    return out.getvalue()


def page_too() -> bytes:
    """A page with a web page behind its end."""
    return plain() + b"<script>1</script>"
