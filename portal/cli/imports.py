"""``tally import``: the same import as in the browser, for files that are large or come every night."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from portal.cli.environment import installation, settings_here

if TYPE_CHECKING:
    from portal.flows.imports.run import Outcome

_KINDS = ("products", "units", "partners", "locations", "stock", "orders")
_WIDTH = 30
_SHOWN = 20


@click.command("import")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option(
    "--mapping",
    "pairs",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Column of a field, by heading or letter, where it is not guessed; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def import_(kind: str, file: Path, *, dry_run: bool, pairs: Sequence[str], as_json: bool) -> None:
    """Import FILE (CSV, CSV.GZ or XLSX) as KIND, all of it or nothing.

    Exit status 1 when the file has faults; every one is named by row and column.
    """
    from portal.flows.imports.kinds import guess_mapping, kind_of  # noqa: PLC0415 - only where used
    from portal.flows.imports.run import run_import  # noqa: PLC0415 - as above
    from portal.flows.imports.tables import read_table  # noqa: PLC0415 - as above
    from portal.wiring import build_services  # noqa: PLC0415 - as above

    mapping = None
    settings = settings_here()
    if pairs:
        headers = read_table(file, file.name).headers
        mapping = guess_mapping(kind_of(kind, zone=settings.time_zone), headers) | to_mapping(pairs, headers)
    with installation(settings) as ready:
        services = build_services(ready)
        try:
            outcome = run_import(
                services,
                kind=kind,
                path=file.absolute(),
                mapping=mapping,
                dry_run=dry_run,
                progress=Bar(sys.stderr),
            )
        finally:
            services.database.close()
    click.echo(json.dumps(outcome.to_json(), ensure_ascii=False) if as_json else as_text(outcome))
    raise click.exceptions.Exit(1 if outcome.fault_count else 0)


def to_mapping(pairs: Iterable[str], headers: Sequence[str]) -> dict[str, int]:
    """Return field names with column indexes, from 0.

    Args:
        pairs: ``FIELD=COLUMN``; the column is a heading as the file writes it, or a letter (A, B … AA).
        headers: The file's headings.

    Raises:
        click.BadParameter: A pair is none, or names no column of the file.
    """
    mapping = {}
    for pair in pairs:
        field, separator, column = pair.partition("=")
        if not separator:
            raise click.BadParameter(f"{pair!r} is not FIELD=COLUMN.", param_hint="--mapping")
        index = headers.index(column) if column in headers else _index_of(column)
        if not 0 <= index < len(headers):
            raise click.BadParameter(f"The file has no column {column!r}.", param_hint="--mapping")
        mapping[field] = index
    return mapping


def _index_of(letters: str) -> int:
    """Return the index of a column's letters: A is 0, AA is 26; -1 when they are none."""
    index = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            return -1
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


class Bar:
    """A progress bar of one line; silent where nobody watches.

    Args:
        out: Where it is drawn.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shown = ""

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Draw how far ``phase`` is: ``done`` of ``total``, whatever they count."""
        if not self._out.isatty():
            return
        share = min(done / total, 1.0) if total else 1.0
        filled = round(share * _WIDTH)
        line = f"{phase:<10} {'█' * filled}{'░' * (_WIDTH - filled)} {share:4.0%}"
        if line != self._shown:
            self._out.write("\r" + line + ("\n" if share >= 1 else ""))
            self._out.flush()
            self._shown = line


def as_text(outcome: "Outcome") -> str:
    """Return the outcome for a person: what was done, what was left out and why, where the list is."""
    deed = "imported 已导入" if outcome.applied else "nothing written 未写入"
    lines = [
        f"{outcome.file}: {outcome.rows:,} rows, {deed}",
        f"  new 新增 {outcome.new:,}   changed 变更 {outcome.changed:,}   unchanged 未变 {outcome.unchanged:,}",
    ]
    if outcome.products or outcome.partners:
        lines.append(f"  made on the way 随单新建: {outcome.products:,} products, {outcome.partners:,} partners")
    lines += [f"  refused 拒收 {count:>8,}  {reason}" for reason, count in sorted(outcome.refused.items())]
    for fault in outcome.faults[:_SHOWN]:
        place = f"{fault.letter}{fault.row} {fault.column}" if fault.letter else f"row {fault.row}"
        lines.append(f"  {place}: {fault.value!r}: {fault.sentence}")
    if outcome.fault_count > _SHOWN:
        lines.append(f"  … and {outcome.fault_count - _SHOWN:,} more faults 等错误")
    if outcome.report is not None:
        lines.append(f"  every line of them 明细: {outcome.report}")
    return "\n".join(lines)
