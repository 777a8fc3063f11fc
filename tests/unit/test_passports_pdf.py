"""Papers are read in a process of their own; what would run something is refused."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from portal.demo.papers import pdf
from portal.passports import pdf as reading
from portal.passports.model import ActivePDF, NotAPDF


def name(text: str) -> NameObject:
    return NameObject(text)


def action(kind: str) -> DictionaryObject:
    return DictionaryObject({name("/S"): name(kind)})


def written(folder: Path, change: Callable[[PdfWriter], Any]) -> Path:
    writer = PdfWriter()
    writer.add_blank_page(width=72, height=72)
    change(writer)
    path = folder / "x.pdf"
    writer.write(path)
    return path


def annotated(writer: PdfWriter, **facts: Any) -> None:
    mark = DictionaryObject({name(f"/{key}"): value for key, value in facts.items()})
    writer.pages[0][name("/Annots")] = ArrayObject([mark])


def root(writer: PdfWriter) -> DictionaryObject:
    return writer._root_object


ACTIVE: dict[str, Callable[[PdfWriter], Any]] = {
    "javascript": lambda w: root(w).update({name("/OpenAction"): action("/JavaScript")}),
    "named scripts": lambda w: root(w).update(
        {name("/Names"): DictionaryObject({name("/JavaScript"): DictionaryObject()})}
    ),
    "attachment": lambda w: w.add_attachment("a.txt", b"x"),
    "launch": lambda w: root(w).update({name("/OpenAction"): action("/Launch")}),
    "catalogue event": lambda w: root(w).update({name("/AA"): DictionaryObject()}),
    "xfa form": lambda w: root(w).update(
        {name("/AcroForm"): DictionaryObject({name("/XFA"): TextStringObject("x")})}
    ),
    "page event": lambda w: w.pages[0].update({name("/AA"): DictionaryObject()}),
    "mark that submits": lambda w: annotated(w, Subtype=name("/Widget"), A=action("/SubmitForm")),
    "mark with events": lambda w: annotated(w, Subtype=name("/Widget"), AA=DictionaryObject()),
    "attached file mark": lambda w: annotated(w, Subtype=name("/FileAttachment")),
}
QUIET: dict[str, Callable[[PdfWriter], Any]] = {
    "nothing": lambda _: None,
    "opens at a page": lambda w: root(w).update({name("/OpenAction"): action("/GoTo")}),
    "opens at a place": lambda w: root(w).update({name("/OpenAction"): ArrayObject()}),
    "link": lambda w: annotated(w, Subtype=name("/Link"), A=action("/URI")),
    "names and a plain form": lambda w: root(w).update(
        {name("/Names"): DictionaryObject(), name("/AcroForm"): DictionaryObject()}
    ),
}


@pytest.mark.parametrize("kind", ACTIVE)
def test_a_pdf_that_would_run_something_is_active(tmp_path: Path, kind: str) -> None:
    assert reading.inspect(written(tmp_path, ACTIVE[kind])) == 5


@pytest.mark.parametrize("kind", QUIET)
def test_a_plain_pdf_is_fine(tmp_path: Path, kind: str) -> None:
    assert reading.inspect(written(tmp_path, QUIET[kind])) == 0


def test_a_pdf_without_pages_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    PdfWriter().write(path)
    assert reading.inspect(path) == 4


def test_a_cut_off_pdf_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(pdf("Report", ["x"])[:40])
    assert reading.inspect(path) == 4


def test_the_reader_limits_itself_before_it_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(reading.resource, "setrlimit", lambda kind, pair: limits.append((kind, pair)))
    assert reading.main([str(written(tmp_path, QUIET["nothing"]))]) == 0
    assert [pair for _, pair in limits] == [(1 << 30, 1 << 30), (10, 10)]


def test_our_own_papers_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(pdf("检验报告", ["合格"]))
    reading.check_pdf(path)


def test_an_active_pdf_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActivePDF):
        reading.check_pdf(written(tmp_path, ACTIVE["javascript"]))


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"%PDF-1.7 and nothing more", b""])
def test_what_is_no_pdf_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(data)
    with pytest.raises(NotAPDF):
        reading.check_pdf(path)


def test_a_pdf_that_takes_for_ever_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(command: list[str], **_: Any) -> None:
        raise subprocess.TimeoutExpired(command, 30)

    monkeypatch.setattr(reading.subprocess, "run", endless)
    with pytest.raises(NotAPDF, match="reasonable time"):
        reading.check_pdf(written(tmp_path, QUIET["nothing"]))
