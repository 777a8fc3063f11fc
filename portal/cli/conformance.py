"""``tally conformance``: a throw-away issuer and verifier for the W3C's test suites, apart from any portal."""

import click

from portal.platform.clock import SystemClock


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), required=True, help="Loopback port; 0 takes a free one.")
def conformance(*, port: int) -> None:
    """Serve a throw-away issuer and verifier to conformance suites until interrupted; keeps nothing."""
    from ledger.conformance.desk import Desk  # noqa: PLC0415 - only where it is used
    from ledger.conformance.server import serve  # noqa: PLC0415 - as above
    from ledger.keys import SigningKey  # noqa: PLC0415 - as above

    key = SigningKey.ephemeral()
    with serve(Desk(key), port=port, now=SystemClock().now) as server:
        click.echo(f"http://127.0.0.1:{server.server_address[1]} {key.did}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("stopped")
