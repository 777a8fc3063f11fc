"""Let auditors of others look at ``/graphql``, once as each audience; prints one line of JSON.

* npm ``graphql-http``: 61 audits of GraphQL over HTTP.
* PyPI ``schemathesis``: documents grown from the published schema; a failure is an answer that breaks the server.
* ``graphql-cop``: abuse and information it finds; in no registry, so ``COP`` names a folder with a checkout. That
  one may introspect the schema of one's own tier is meant, and not counted.

Each says on standard error what it does not like. Exit status 1 when a bar is broken, 2 without Node.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bars import report
from graphql_bars import others
from graphql_bars.measuring import free_port, served

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"
sys.path.insert(0, str(TESTS))  # the company audited is that of the tests

from graphql_audits import audited, auditors  # noqa: E402 - see above

from portal.partners.audience import Audience  # noqa: E402 - see above
from portal.platform.migrate import bring_up  # noqa: E402 - see above
from portal.platform.postgres import EmbeddedPostgres  # noqa: E402 - see above


def main() -> int:
    """Serve, have it audited as each audience, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=int, default=0)
    parser.add_argument("--examples", type=int, default=200, help="documents grown for each field of the root")
    parser.add_argument("--cop", default="", help="folder with a checkout of graphql-cop")
    wanted = parser.parse_args()
    if wanted.serve:
        audited.serve(wanted.serve)
        return 0
    lacks = " and ".join(others.missing())
    if reason := f"{lacks} not found." if lacks else others.install():
        print(f"graphql-http cannot be run: {reason} Install Node.js with npm.", file=sys.stderr)
        return 2
    auditors.install()
    values: dict[str, float] = {}
    bars: dict[str, tuple[str, float]] = {}
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        postgres = stack.enter_context(EmbeddedPostgres(Path(home), durable=False))
        bring_up(postgres.url, home=Path(home))
        company = audited.stocked(postgres.url, home)
        port = free_port()
        environ = os.environ | {
            "AUDITED": postgres.url,
            "AUDITED_HOME": home,
            "PYTHONPATH": f"{HERE}:{HERE.parent}:{TESTS}",
        }
        command = [sys.executable, str(Path(__file__)), "--serve", str(port)]
        stack.enter_context(served(command, environ, port=port, folder=HERE))
        url = f"http://127.0.0.1:{port}/graphql"
        for audience in Audience:
            for name, audit, bar in auditors.of(wanted):
                token = audited.tokens(company, url=postgres.url, home=home)[audience]
                values[f"{audience}_{name}"] = audit(url, token, audience)
                bars[f"{audience}_{name}"] = bar
    return report(
        values,
        bars,
        examples_a_field=wanted.examples,
        graphql_cop="run" if wanted.cop else "not run: COP names no checkout",
        versions=auditors.versions(),
    )


if __name__ == "__main__":
    sys.exit(main())
