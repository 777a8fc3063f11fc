"""Tiny real PDFs for the demo's certificates and inspection reports: the same words give the same bytes.

One page, no metadata, no time stamps. Chinese is set in a font every PDF reader brings along (Adobe-GB1, see
ISO 32000-1 section 9.7.5), so nothing is embedded.
"""

from collections.abc import Sequence

from portal.platform.pdf_file import assembled

_FONTS = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [5 0 R] >>",
    (
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 6 0 R /DW 1000"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /W [1 95 500] >>"
    ),
    (
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
        b" /Ascent 752 /Descent -271 /CapHeight 737 /StemV 58 >>"
    ),
)


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """Return a one-page PDF.

    Args:
        title: Set large at the top.
        lines: Set below it, one under the other.
    """
    parts = [_text(title, size=18, y=760)]
    parts.extend(_text(line, size=11, y=720 - 22 * number) for number, line in enumerate(lines))
    content = b"\n".join(parts)
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 7 0 R"
            b" /Resources << /Font << /F1 4 0 R >> >> >>"
        ),
        *_FONTS,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    )
    return assembled(objects)


def _text(text: str, *, size: int, y: int) -> bytes:
    return b"BT /F1 %d Tf 56 %d Td <%s> Tj ET" % (size, y, text.encode("utf-16-be").hex().encode())
