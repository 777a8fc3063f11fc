"""The ``tally`` command: every deed of an installation that is not done in a browser.

Exit status: 0 done, 1 refused, 2 called wrongly; ``tally verify`` has its own. Heavy parts are imported by
the command that needs them, so that ``tally verify`` starts without a database driver.
"""

import sys

import click

from ledger.errors import LedgerError
from portal.cli import (
    audit,
    conformance,
    health,
    imports,
    keys,
    ledger,
    operators,
    reconcile,
    run,
    serve,
    verify,
)
from portal.kernel.errors import PortalError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Tallystick 符契: a partner portal with digital passports anyone can check."""


for _command in (
    run.run,
    run.demo,
    serve.web,
    serve.worker,
    serve.migrate,
    imports.import_,
    verify.verify,
    reconcile.reconcile,
    operators.operator,
    audit.audit,
    ledger.ledger,
    keys.keys,
    health.health,
    conformance.conformance,
):
    commands.add_command(_command)


def main() -> None:
    """Run the command line and end the process with its status."""
    try:
        status = commands.main(prog_name="tally", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except (PortalError, LedgerError) as error:
        click.echo(f"tally: {error.message}", err=True)
        sys.exit(1)
    sys.exit(status or 0)
