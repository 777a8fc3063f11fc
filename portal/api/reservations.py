"""What is held, and holding it: the reservations of every audience and the mutations of those who may.

A mutation takes one ``input`` and answers with a payload: the reservation as it stands, or why not. Refusals that
a program is expected to meet are in ``errors`` of the payload, each with a code of a closed set; any other stays
among the errors of the response.
"""

from enum import Enum

import graphene

from portal.api.asking import Asking
from portal.api.limits import DEFAULT_FIRST
from portal.api.types import Decimal, LocalName, PageInfo, Quantity


class ReservationState(graphene.Enum):
    """How a reservation stands."""

    HELD = "HELD"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"
    LAPSED = "LAPSED"


class ReservedItem(graphene.ObjectType):
    """A product of a reservation on one day."""

    sku = graphene.NonNull(graphene.String, description="The host's number of the product.")
    name = graphene.Field(graphene.NonNull(LocalName), description="Its name.")
    quantity = graphene.Field(graphene.NonNull(Quantity), description="Held.")
    from_pool = graphene.Field(
        graphene.NonNull(Quantity), description="Of it, out of a pool set apart for the firm."
    )
    needed_on = graphene.NonNull(graphene.Date, description="Day it leaves.")


class Reservation(graphene.ObjectType):
    """Stock held for a firm until it confirms, lets go, or the time is over."""

    id = graphene.NonNull(graphene.ID, description="For `confirmReservation` and `releaseReservation`.")
    number = graphene.NonNull(graphene.String, description="Its number; confirmed, it is the order's.")
    state = graphene.Field(graphene.NonNull(ReservationState), description="How it stands.")
    held_until = graphene.NonNull(graphene.DateTime, description="Unless it is confirmed, it lapses then.")
    created_at = graphene.NonNull(graphene.DateTime, description="When it was made.")
    items = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(ReservedItem))), description="What is held."
    )


class ReservationEdge(graphene.ObjectType):
    """A reservation and the cursor that stands behind it."""

    node = graphene.Field(graphene.NonNull(Reservation), description="The reservation.")
    cursor = graphene.NonNull(graphene.String, description="Give it as `after` to go on behind it.")


class ReservationConnection(graphene.ObjectType):
    """A page of reservations."""

    edges = graphene.Field(
        graphene.NonNull(graphene.List(graphene.NonNull(ReservationEdge))), description="The rows, newest first."
    )
    page_info = graphene.Field(graphene.NonNull(PageInfo), description="Where the page ends.")


class Refusal(Enum):
    """Codes of refusals a program is expected to meet when it holds stock."""

    CANNOT_PROMISE = "cannot_promise"
    BAD_QUANTITY = "bad_quantity"
    NOT_A_QUANTITY = "not_a_quantity"
    QUANTITY_TOO_FINE = "quantity_too_fine"
    QUANTITY_TOO_LARGE = "quantity_too_large"
    QUANTITY_NOT_EXACT = "quantity_not_exact"
    UNKNOWN_UNIT = "unknown_unit"
    UNKNOWN_PRODUCT = "unknown_product"
    DAY_PASSED = "day_passed"
    BAD_KEY = "bad_key"
    KEY_REUSED = "key_reused"
    OWN_STOCK_ONLY = "own_stock_only"
    QUESTIONS_USED_UP = "questions_used_up"
    BAD_DAY = "bad_day"
    UNKNOWN_RESERVATION = "unknown_reservation"
    RESERVATION_OVER = "reservation_over"


EXPECTED = {refusal.value: refusal.name for refusal in Refusal}
"""Name in the schema by code of a refusal."""

ReservationErrorCode = graphene.Enum(
    "ReservationErrorCode",
    [(name, name) for name in EXPECTED.values()],
    description="Why a reservation was not made or changed.",
)


class ReservationError(graphene.ObjectType):
    """Why nothing was done; nothing has changed."""

    code = graphene.Field(graphene.NonNull(ReservationErrorCode), description="For programs.")
    message = graphene.NonNull(graphene.String, description="For people, in the language of `Accept-Language`.")
    promisable = graphene.Field(
        Quantity, description="With CANNOT_PROMISE: what can be promised on that day, as the agreement tells it."
    )
    earliest = graphene.Date(
        description="With CANNOT_PROMISE: first day the quantity can be promised, where one is known and told."
    )


def _payload(name: str, what: str) -> type[graphene.ObjectType]:
    return type(
        name,
        (graphene.ObjectType,),
        {
            "__doc__": what,
            "reservation": graphene.Field(Reservation, description="As it stands now; null where it was refused."),
            "errors": graphene.Field(
                graphene.NonNull(graphene.List(graphene.NonNull(ReservationError))),
                description="Empty where it was done.",
            ),
        },
    )


HoldStockPayload = _payload("HoldStockPayload", "What became of a wish to hold stock.")
ConfirmReservationPayload = _payload("ConfirmReservationPayload", "What became of a confirmation.")
ReleaseReservationPayload = _payload("ReleaseReservationPayload", "What became of letting go.")


class HoldStockInput(graphene.InputObjectType):
    """So much of a product, leaving on a day."""

    sku = graphene.NonNull(graphene.String, description="The host's number of the product.")
    quantity = graphene.Field(graphene.NonNull(Decimal), description="How many units.")
    unit = graphene.String(description="Code of one of the product's units; without it the base unit.")
    needed_on = graphene.NonNull(graphene.Date, description="Day it should leave.")
    key = graphene.NonNull(
        graphene.String,
        description="Idempotency key of your own, 1 to 100 characters: sent again with the same wish it finds the"
        " reservation it made; with another wish it is refused.",
    )


class ConfirmReservationInput(graphene.InputObjectType):
    """Which reservation becomes an order; confirming again changes nothing."""

    id = graphene.NonNull(graphene.ID, description="The reservation.")


class ReleaseReservationInput(graphene.InputObjectType):
    """Which reservation is let go; letting go again changes nothing."""

    id = graphene.NonNull(graphene.ID, description="The reservation.")


class WithReservations:
    """The list of reservations, for every audience with stock."""

    reservations = graphene.Field(
        graphene.NonNull(ReservationConnection),
        first=graphene.Argument(
            graphene.Int, default_value=DEFAULT_FIRST, description="Rows on the page, 1 to 100."
        ),
        after=graphene.Argument(graphene.String, description="Cursor of the row before the page."),
        description="A partner's own reservations, or (operator) everybody's, the newest first.",
    )

    @staticmethod
    def resolve_reservations(
        _root: object, info: graphene.ResolveInfo, first: int | None, after: str | None = None
    ) -> object:
        """Answer from one read."""
        asking: Asking = info.context
        return asking.reservations(first=DEFAULT_FIRST if first is None else first, after=after)


class _Releasing:
    release_reservation = graphene.Field(
        graphene.NonNull(ReleaseReservationPayload),
        input=graphene.Argument(graphene.NonNull(ReleaseReservationInput)),
        description="Let go of what is held; it is free for others again.",
    )

    @staticmethod
    def resolve_release_reservation(
        _root: object,
        info: graphene.ResolveInfo,
        input: ReleaseReservationInput,  # noqa: A002 - GraphQL's word
    ) -> object:
        """Do it over the portal's own login."""
        return info.context.holding.release(input["id"])


class CustomerMutation(_Releasing, graphene.ObjectType):
    """What can be done."""

    class Meta:
        """One name in every schema."""

        name = "Mutation"

    hold_stock = graphene.Field(
        graphene.NonNull(HoldStockPayload),
        input=graphene.Argument(graphene.NonNull(HoldStockInput)),
        description="Have stock held for half an hour. Where the agreement does not tell exact figures, asking may"
        " cost a threshold question.",
    )
    confirm_reservation = graphene.Field(
        graphene.NonNull(ConfirmReservationPayload),
        input=graphene.Argument(graphene.NonNull(ConfirmReservationInput)),
        description="Make what is held an order.",
    )

    @staticmethod
    def resolve_hold_stock(
        _root: object,
        info: graphene.ResolveInfo,
        input: HoldStockInput,  # noqa: A002 - GraphQL's word
    ) -> object:
        """Do it over the portal's own login."""
        return info.context.holding.hold(input)

    @staticmethod
    def resolve_confirm_reservation(
        _root: object,
        info: graphene.ResolveInfo,
        input: ConfirmReservationInput,  # noqa: A002 - GraphQL's word
    ) -> object:
        """Do it over the portal's own login."""
        return info.context.holding.confirm(input["id"])


class OperatorMutation(_Releasing, graphene.ObjectType):
    """What can be done."""

    class Meta:
        """One name in every schema."""

        name = "Mutation"
