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
    inside = package / "_graphql"
    folder = inside if inside.is_dir() else package.parent / "graphql"
    return (folder / name).read_text("utf-8")
