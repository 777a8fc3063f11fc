"""Papers are read in a process of their own; what would run something is refused."""

from collections.abc import Callable
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from portal.demo.papers import pdf
from portal.kernel.errors import PortalError
from portal.passports import pdf as judging
from portal.passports import pdf_reading as reading
from portal.passports.model import ActivePDF, NotAPDF
from support import hostile_pdfs as hostile


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
    limits: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(reading.resource, "setrlimit", lambda kind, pair: limits.update({kind: pair}))
    assert reading.main([str(written(tmp_path, QUIET["nothing"])), "8", "512"]) == 0
    assert limits == {
        reading.resource.RLIMIT_CPU: (8, 8),
        reading.resource.RLIMIT_AS: (536_870_912, 536_870_912),
        reading.resource.RLIMIT_FSIZE: (0, 0),
        reading.resource.RLIMIT_NOFILE: (32, 32),
        reading.resource.RLIMIT_NPROC: (0, 0),
        reading.resource.RLIMIT_CORE: (0, 0),
    }


HOSTILE: dict[str, tuple[Callable[[], bytes], int]] = {
    "harmless": (hostile.plain, 0),
    "nested 200,000 deep": (hostile.nested, 4),
    "pages that are their own children": (hostile.circling, 4),
    "a stream that unpacks to 400 MB": (hostile.swollen, 7),
    "behind a password": (hostile.locked, 6),
    "an archive as well": (hostile.archive_too, 8),
    "a web page behind its end": (hostile.page_too, 8),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_pdf_is_told_apart(tmp_path: Path, kind: str) -> None:
    made, found = HOSTILE[kind]
    path = tmp_path / "x.pdf"
    path.write_bytes(made())
    assert reading.inspect(path) == found


def test_a_pdf_with_an_owners_password_only_can_be_read(tmp_path: Path) -> None:
    path = written(tmp_path, lambda writer: writer.encrypt("", "owner", algorithm="AES-256"))
    assert reading.inspect(path) == 0


def test_our_own_papers_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(pdf("检验报告", ["合格"]))
    judging.check_pdf(path)


def test_an_active_pdf_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActivePDF):
        judging.check_pdf(written(tmp_path, ACTIVE["javascript"]))


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"%PDF-1.7 and nothing more", b""])
def test_what_is_no_pdf_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(data)
    with pytest.raises(NotAPDF):
        judging.check_pdf(path)


@pytest.mark.parametrize(
    ("made", "refusal"),
    [(hostile.locked, judging.EncryptedPDF), (hostile.page_too, judging.PolyglotPDF)],
)
def test_what_nobody_could_read_plainly_is_refused(
    tmp_path: Path, made: Callable[[], bytes], refusal: type[PortalError]
) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(made())
    with pytest.raises(refusal):
        judging.check_pdf(path)


def test_a_pdf_of_a_thousand_million_pages_ends_with_its_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "CPU_S", 1)
    path = tmp_path / "x.pdf"
    path.write_bytes(hostile.crowded())
    with pytest.raises(judging.CostlyPDF) as refused:
        judging.check_pdf(path)
    assert refused.value.values == {"seconds": 1, "mb": 512}


def test_a_reader_that_waits_for_ever_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "WALL_S", 0.2)
    monkeypatch.setattr(judging, "READER", ("-c", "import select; select.select([], [], [], 60)"))
    with pytest.raises(judging.CostlyPDF):
        judging.check_pdf(written(tmp_path, QUIET["nothing"]))


def test_a_reader_that_ends_strangely_has_read_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "READER", ("-c", "raise SystemExit(3)"))
    with pytest.raises(NotAPDF):
        judging.check_pdf(written(tmp_path, QUIET["nothing"]))


def test_the_reader_knows_none_of_our_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_DATABASE_URL", "postgresql://secret")
    monkeypatch.setattr(
        judging, "READER", ("-c", "import os; raise SystemExit(8 if 'TALLY_DATABASE_URL' in os.environ else 0)")
    )
    judging.check_pdf(written(tmp_path, QUIET["nothing"]))


def test_no_more_files_are_read_at_once_than_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "READERS", BoundedSemaphore(1))
    monkeypatch.setattr(judging, "WALL_S", 0)
    with judging.READERS, pytest.raises(judging.ReadersBusy):
        judging.check_pdf(written(tmp_path, QUIET["nothing"]))
