"""The type labels are set in: Noto Sans SC, cut down to the characters in use, as a PDF carries it.

Sources: ISO 32000-2 sections 9.7 (composite fonts, glyphs named by their number) and 9.10.3 (how a reader finds
the text again). Nothing of the portal but the vendored font file is read.
"""

import io
from collections.abc import Iterable
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from portal.platform.pdf_file import packed_stream

FONT = (
    Path(__file__).parent.parent
    / "static/vendor/noto-sans-sc-5.3.0/noto-sans-sc-chinese-simplified-400-normal.woff"
)
MISSING = "〓"
"""What printers set where a character is not in the case."""

_LAYOUT = ["GSUB", "GPOS", "GDEF", "BASE", "STAT", "vhea", "vmtx", "gasp", "DSIG"]
_NAME = b"TALLYS+NotoSansSC-Regular"


class Typeface:
    """A font with just the characters of some texts.

    Args:
        texts: All that will be set.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        options = Options(hinting=False, layout_features=[], notdef_outline=True)
        options.drop_tables += _LAYOUT
        cutter = Subsetter(options)
        cutter.populate(text="".join(texts) + MISSING + "…")
        self._font = TTFont(FONT, recalcTimestamp=False)
        cutter.subset(self._font)
        self._font.flavor = None
        self._glyphs = {chr(code): self._font.getGlyphID(name) for code, name in self._font.getBestCmap().items()}
        self._widths = [self._font["hmtx"][name][0] for name in self._font.getGlyphOrder()]

    def glyphs(self, text: str) -> list[int]:
        """Return the numbers of a text's glyphs."""
        return [self._glyphs.get(character, self._glyphs[MISSING]) for character in text]

    def width(self, text: str) -> int:
        """Return how wide a text is, in thousandths of its size."""
        return sum(self._widths[glyph] for glyph in self.glyphs(text))

    def objects(self, first: int) -> list[bytes]:
        """Return the five objects of the font; the first, number ``first``, is what pages name.

        Args:
            first: Its number in the file; the others follow.
        """
        head, lines = self._font["head"], self._font["hhea"]
        box = b"%d %d %d %d" % (head.xMin, head.yMin, head.xMax, head.yMax)
        widths = b" ".join(b"%d" % width for width in self._widths)
        file = io.BytesIO()
        self._font.save(file)
        data = file.getvalue()
        return [
            b"<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R]"
            b" /ToUnicode %d 0 R >>" % (_NAME, first + 1, first + 4),
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDToGIDMap /Identity /FontDescriptor %d 0 R"
            b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 1000 /W [0 [%s]] >>"
            % (_NAME, first + 2, widths),
            b"<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%s] /ItalicAngle 0 /Ascent %d /Descent %d"
            b" /CapHeight 733 /StemV 80 /FontFile2 %d 0 R >>"
            % (_NAME, box, lines.ascent, lines.descent, first + 3),
            packed_stream(data, b"/Length1 %d" % len(data)),
            packed_stream(self._meanings()),
        ]

    def _meanings(self) -> bytes:
        """Return the table by which a reader copies or reads aloud the text; at most 100 lines a block."""
        lines = [
            b"<%04x> <%s>" % (glyph, text.encode("utf-16-be").hex().encode())
            for text, glyph in self._glyphs.items()
        ]
        blocks = [lines[at : at + 100] for at in range(0, len(lines), 100)]
        body = b"\n".join(b"%d beginbfchar\n%s\nendbfchar" % (len(block), b"\n".join(block)) for block in blocks)
        return (
            b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def\n"
            b"1 begincodespacerange <0000> <ffff> endcodespacerange\n%s\nendcmap end end" % body
        )
