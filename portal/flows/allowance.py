"""What an agreement allows of threshold questions, as the room of stock counts them."""

from portal.inventory.questions import Allowance
from portal.partners.viewer import Viewer


def allowance_of(viewer: Viewer) -> Allowance | None:
    """Return what a viewer's agreement allows of questions; ``None`` for the host's staff, who see everything."""
    agreement = viewer.agreement
    return None if agreement is None else Allowance(agreement=agreement.number, daily=agreement.daily_questions)
