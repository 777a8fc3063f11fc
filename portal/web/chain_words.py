"""What pages say of the chains: why a writer stopped, and what each kind of chain proves."""

from flask_babel import gettext

from portal.passports.writer import Standing


def trouble(standing: Standing) -> str:
    """Say in one sentence why a writer anchors nothing just now."""
    known = {
        "foreign_chain": gettext("Another chain answers than the one batches were anchored on"),
        "foreign_contract": gettext("The contract is not where it was"),
        "stream_shorter": gettext("The chain was set back: batches that were anchored are missing"),
        "stream_rewritten": gettext("The chain holds other batches than those sealed here"),
        "batch_displaced": gettext("Another batch stands where ours should be"),
        "contract_refused": gettext("The contract refuses our writer"),
        "fee_cap_reached": gettext("The chain asks for more than the highest fee allowed"),
        "transaction_refused": gettext("The chain does not take our transactions"),
        "chain_unavailable": gettext("The chain does not answer just now"),
    }
    return str(known.get(standing.code, standing.message))


def kind(name: str) -> str:
    """Say who keeps a chain of this kind."""
    words = {
        "embedded": gettext("run by this company alone"),
        "consortium": gettext("kept by several firms"),
        "public": gettext("public"),
    }
    return str(words.get(name, ""))


def proves(name: str) -> str:
    """Say what a chain of this kind proves, and what it does not."""
    words = {
        "embedded": gettext(
            "It shows the order and the time of the batches. Whoever runs it could begin it anew; only those who"
            " kept a head would notice. It is no independent witness."
        ),
        "consortium": gettext(
            "It proves order and time to whoever trusts that most of the firms keeping it do not agree to rewrite"
            " it."
        ),
        "public": gettext("It proves order and time to anybody: neither we nor any single party can rewrite it."),
    }
    return str(words.get(name, ""))
