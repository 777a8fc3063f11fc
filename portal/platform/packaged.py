"""Files that are published beside the code: inside the package when installed, in the source tree otherwise.

The folder ``graphql/`` holds no Python, ever: with an ``__init__.py`` it would hide the library of that name. The
wheel carries it as ``portal/_graphql`` (see ``pyproject.toml``).
"""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def graphql_file(name: str, *, package: Path = _PACKAGE) -> str:
    """Return the text of a file of the ``graphql/`` folder.

    Args:
        name: Path below the folder, from code, for example ``tier/key.graphql``.
        package: The installed ``portal`` package.

    Raises:
        FileNotFoundError: There is no such file; the installation is broken.
    """
    return (_folder(package) / name).read_text("utf-8")


def graphql_files(name: str, *, package: Path = _PACKAGE) -> dict[str, str]:
    """Return the texts of all files of a folder below ``graphql/``, by their names without the ending.

    Args:
        name: The folder, from code, for example ``trusted``.
        package: The installed ``portal`` package.
    """
    return {path.stem: path.read_text("utf-8") for path in sorted((_folder(package) / name).glob("*.graphql"))}


def _folder(package: Path) -> Path:
    inside = package / "_graphql"
    return inside if inside.is_dir() else package.parent / "graphql"
