"""Write the offline verifier to a file, as the portal serves it at /verifier.html, and print its SHA-256.

build_verifier.py [FILE]      default: dist/verifier.html
"""

import sys
from pathlib import Path

from portal.web import offline_verifier


def main() -> None:
    """Write the page."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "dist/verifier.html")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(offline_verifier.page())
    print(f"{offline_verifier.digest()}  {target}")


main()
