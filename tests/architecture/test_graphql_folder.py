"""The published schemas are the code's, and the folder they lie in stays harmless."""

import re
from pathlib import Path

import graphql
import pytest
from graphql import build_schema, parse, validate

from portal.api.limits import read, size_of
from portal.api.schema import schema_of
from portal.api.sdl import to_sdl, write_all
from portal.partners.audience import Audience
from portal.partners.trusted import FOLDER as FOLDER_OF_TRUSTED
from portal.partners.trusted import TrustedDocument, identifier_of, to_document
from portal.platform.packaged import graphql_file, graphql_files

FOLDER = Path(__file__).parents[2] / "graphql"


def test_no_python_lies_in_the_graphql_folder() -> None:
    assert sorted(FOLDER.rglob("*.py")) == []


def test_the_library_is_imported_and_not_the_folder() -> None:
    assert "site-packages" in Path(graphql.__file__).parts
    assert graphql.version_info[:2] == (3, 2)


@pytest.mark.parametrize("audience", list(Audience))
def test_the_published_schema_is_the_one_in_force(audience: Audience) -> None:
    assert graphql_file(f"tier/{audience}.graphql") == to_sdl(audience), "run `make schema` and commit"


def test_nothing_else_is_published() -> None:
    assert {path.stem for path in (FOLDER / "tier").iterdir()} == set(Audience)


@pytest.mark.parametrize("audience", list(Audience))
def test_the_published_schema_can_be_built_from_its_text(audience: Audience) -> None:
    built = build_schema(graphql_file(f"tier/{audience}.graphql"))
    assert validate(built, parse(graphql_file(f"trusted/{audience}.graphql"))) == []


TRUSTED = [to_document(name, source) for name, source in graphql_files(FOLDER_OF_TRUSTED).items()]


@pytest.mark.parametrize("trusted", TRUSTED, ids=lambda one: one.name)
def test_a_trusted_document_fits_the_schema_of_everybody_it_is_for(trusted: TrustedDocument) -> None:
    for audience in trusted.audiences:
        assert size_of(read(trusted.source, schema=schema_of(audience))).cost({}) < 2_000


def test_every_audience_asks_by_a_document_of_its_own_name_first() -> None:
    assert {one.name for one in TRUSTED} >= set(Audience)


def test_the_identifier_is_the_one_of_the_standards_example() -> None:
    # GraphQL over HTTP, appendix A "SHA256 Hex Document Identifier".
    source = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"
    assert identifier_of(source) == "sha256:7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e"


def test_the_identifiers_in_the_docs_are_those_of_the_files() -> None:
    known = {one.identifier: one.name for one in TRUSTED}
    for page, names in (("docs/api.md", {"availability"}), ("graphql/README.md", {one.name for one in TRUSTED})):
        found = re.findall(r"sha256:[0-9a-f]{64}", (FOLDER.parent / page).read_text("utf-8"))
        assert {known.get(one) for one in found} == names, page


LACKING = {
    Audience.ORDINARY: ("warehouses", "WarehouseStock", "lots", "board", "demandHistory", "openOrders"),
    Audience.KEY: ("board", "Board", "demandHistory", "openOrders"),
    Audience.SUPPLIER: ("products", "Product", "onHand", "warehouses", "board"),
}


@pytest.mark.parametrize("audience", list(LACKING))
def test_a_schema_does_not_contain_what_its_readers_may_not_see(audience: Audience) -> None:
    words = set(graphql_file(f"tier/{audience}.graphql").replace("(", " ").replace(":", " ").split())
    assert words.isdisjoint(LACKING[audience])


def test_the_tiers_are_nested() -> None:
    def fields(audience: Audience) -> set[str]:
        return set(schema_of(audience).type_map["Product"].fields)  # type: ignore[attr-defined]

    assert fields(Audience.KEY) - fields(Audience.ORDINARY) == {"warehouses"}
    assert fields(Audience.STRATEGIC) - fields(Audience.KEY) == {"board"}
    assert fields(Audience.ORDINARY) < fields(Audience.KEY) < fields(Audience.STRATEGIC)


def test_every_schema_is_written_below_the_folder_that_is_named(tmp_path: Path) -> None:
    files = write_all(tmp_path / "new")
    assert [path.name for path in files] == [
        "ordinary.graphql",
        "key.graphql",
        "strategic.graphql",
        "supplier.graphql",
        "operator.graphql",
    ]
    assert files[0].read_text("utf-8") == to_sdl(Audience.ORDINARY)


def test_an_installed_package_carries_the_folder_inside(tmp_path: Path) -> None:
    package = tmp_path / "portal"
    (tmp_path / "graphql").mkdir()
    package.mkdir()
    (tmp_path / "graphql" / "x.graphql").write_text("source tree")
    assert graphql_file("x.graphql", package=package) == "source tree"
    (package / "_graphql").mkdir()
    (package / "_graphql" / "x.graphql").write_text("installed")
    assert graphql_file("x.graphql", package=package) == "installed"
