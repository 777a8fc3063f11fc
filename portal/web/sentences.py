"""What each refusal of a room says to a person, by its stable code, in the reader's language.

Figures of stock are left out where the refusal counts in quanta: the page that asked shows them with their
unit. A door may say a code better for its own page with ``errors.SENTENCES.update``.
"""

from typing import Any

from flask_babel import lazy_gettext as _l

ROOMS: dict[str, Any] = {
    # inventory
    "unknown_product": _l("No product %(product)s is known to you."),
    "unknown_location": _l("No warehouse or place %(location)s is known."),
    "unknown_receipt": _l("No receipt was announced under %(source_key)s."),
    "not_enough_stock": _l("%(place)s does not hold that much usable stock of %(sku)s."),
    "bad_key": _l("A key has 1 to %(most)s characters."),
    "day_passed": _l("%(on)s has passed: stock leaves today or later."),
    "cannot_promise": _l("Not that much of %(sku)s can be promised on %(on)s."),
    "over_received": _l("More arrived under %(document)s than was still expected."),
    "bad_quantity": _l("The quantity does not fit: it must be at least 1 and not below what has happened."),
    "gtin_taken": _l("Another product already carries this GTIN."),
    "key_reused": _l("%(key)s was asked for already, with other figures. Look at what it holds, or begin anew."),
    "own_stock_only": _l(
        "Your agreement opens what is kept for you. For more, ask your contact at the host company."
    ),
    "empty_order": _l("The order has no line."),
    "too_many_lines": _l("The order has %(lines)s lines; at most %(most)s are taken at once. Split it."),
    "hold_too_long": _l("Stock can be held without an order until %(longest)s, not until %(until)s."),
    "unknown_reservation": _l("There is no such reservation for you."),
    "reservation_over": _l("%(document)s can no longer be changed: it was ordered, let go, or its time is over."),
    "unknown_pool": _l("There is no such pool."),
    "pool_name_taken": _l("There is a pool %(name)s already."),
    "pool_backwards": _l("The pool %(name)s would end before it begins, or has ended already."),
    "pool_over": _l("The pool %(name)s has ended already."),
    "unit_fixed": _l("The unit of %(sku)s cannot change: its stock has moved, or other units are told in it."),
    "unit_unknown": _l(
        "We do not know the unit “%(text)s”. Write a usual one, or a code of your own with a name."
    ),
    "unknown_unit": _l("%(sku)s is not counted in %(unit)s. Give its ratio first."),
    "not_a_ratio": _l("“%(text)s” is no ratio. Write 12, 0.035 or 1/3."),
    "bad_ratio": _l("1 %(unit)s cannot hold %(ratio)s %(base)s: it must be more than zero, and kept exactly."),
    "unit_by_standard": _l("1 %(unit)s is %(ratio)s %(base)s for every product; there is nothing to enter."),
    "unit_overlaps": _l(
        "1 %(other)s of %(sku)s holds %(ratio)s %(base)s from %(valid_from)s on. End that on %(day_before)s, then"
        " enter the new one."
    ),
    "unit_validity_reversed": _l("%(unit)s would end on %(valid_until)s, before it begins on %(valid_from)s."),
    "quantity_not_exact": _l(
        "%(asked)s %(unit)s of %(sku)s is not exact. %(below)s %(base)s or %(above)s %(base)s would be."
    ),
    "below_minimum": _l("%(ordered)s %(unit)s is below the smallest order of %(sku)s, %(minimum)s %(unit)s."),
    "unknown_lot": _l("There is no lot %(lot)s of %(sku)s."),
    "unknown_serial": _l("Serial number %(serial)s is not known here, or belongs to another lot."),
    "serial_used": _l("Serial number %(serial)s is used: it is not there to be taken, or is in stock already."),
    "serials_differ": _l("%(sku)s needs one serial number for every piece, each once; other goods take none."),
    "serial_elsewhere": _l("A serial number has just been moved by somebody else. Look again."),
    "wrong_product": _l("Wrong product: take %(expected)s, you scanned %(scanned)s."),
    "wrong_lot": _l("Wrong lot: take %(expected)s, you scanned %(scanned)s."),
    "wrong_place": _l("Wrong place: it should be %(expected)s, you scanned %(scanned)s."),
    "wrong_owner": _l("What lies in %(place)s of %(sku)s belongs to somebody else."),
    "lot_expired": _l("Lot %(lot)s ended on %(expires_on)s and may not leave."),
    "lot_held": _l("Lot %(lot)s is in quarantine or blocked and may not leave."),
    "lot_withheld": _l("Lot %(lot)s may not move: %(reasons)s"),
    "move_of_papers": _l("This move follows the papers of its lot. It ends by itself when they hold again."),
    "stock_reason_needed": _l("Please give a reason; it stays in the history."),
    "unknown_status": _l("There is no status or rule “%(status)s”."),
    "unknown_move": _l("There is no such move."),
    "already_reversed": _l("That move has been taken back already."),
    "owned_already": _l("These goods are our own already."),
    "move_of_receipt": _l(
        "This move belongs to the receipt %(document)s, which counts what arrived. Correct the stock by a count."
    ),
    "nothing_there": _l("Nothing lies there any more: somebody has moved it."),
    "stock_promised": _l("Too little of %(sku)s is free at %(place)s: the rest of it is promised."),
    "unknown_document": _l("Nothing is left to take for %(document)s."),
    "bad_place": _l("%(place)s cannot be: the code is empty, too long or taken, or it does not belong there."),
    "bad_scan": _l("The scan cannot be read. Scan it again, or type the code: %(scan)s"),
    # orders
    "bad_order": _l("Order %(number)s cannot be kept as it is."),
    # partners
    "bad_token": _l("This access token is not one of ours."),
    "token_expired": _l("This access token has expired. Make a new one."),
    "no_schema": _l("Nothing is published for programs of this role."),
    "no_questions": _l("Threshold questions are asked under an agreement."),
    # passports
    "not_a_pdf": _l(
        "The file cannot be read as a PDF; it may be cut off or damaged. Save or scan it as a PDF again."
    ),
    "active_pdf": _l("The PDF carries programs or other files. Print it to a new PDF and hand that in."),
    "encrypted_pdf": _l("The PDF asks for a password. Save it without one and hand it in again."),
    "polyglot_pdf": _l("The file is a PDF and something else at once. Print it to a new PDF and hand that in."),
    "costly_pdf": _l(
        "Reading the PDF takes more than %(seconds)s seconds or %(mb)s MB of memory, the most that is allowed. "
        "Print it to a new PDF, or scan the paper, and hand that in."
    ),
    "readers_busy": _l("Many files are being checked just now. Nothing was kept; hand it in again in a minute."),
    "lot_needed": _l("An inspection report is about one lot of one product. Name both."),
    "validity_reversed": _l("The document would end on %(valid_until)s before it starts on %(valid_from)s."),
    "field_empty": _l("“%(field)s” must have 1 to %(max)s characters."),
    "not_a_gln": _l("“%(gln)s” is not a GLN: 13 digits, of which the last one follows from the others."),
    "not_a_uscc": _l("“%(uscc)s” is not a social credit code: 18 characters, of which the last one follows."),
    "unknown_place": _l("No such place is known."),
    "papers_missing": _l("A passport needs a certificate in force and an inspection report of the lot."),
    "no_gtin": _l("The product has no GTIN, so no code can point to its passport."),
    "bad_requirement": _l("“%(field)s” must have 1 to %(max)s characters."),
    "no_such_requirement": _l("There is no such requirement any more."),
    "recall_reason_needed": _l(
        "A recall needs a reason of 1 to %(max)s characters; partners and the public read it."
    ),
    "lot_recalled": _l("The lot was recalled (%(reason)s), so no passport is issued for it."),
    "not_recallable": _l("Goods that are not kept by lot cannot be recalled by lot."),
    "not_recalled": _l("There is no such recall."),
    "passport_not_found": _l("No passport has been issued under this code."),
    "credential_not_found": _l("No such credential was issued here."),
    "credential_reason_needed": _l("Please give a reason of 1 to %(max)s characters; whoever checks reads it."),
    "already_revoked": _l("It is revoked already, which is for good."),
    "key_unknown": _l("The issuer never had this key."),
    "key_revoked_already": _l("This key is revoked already."),
    "key_secret_too_short": _l("What opens the signing keys must have at least %(least)s characters."),
    "already_suspended": _l("It is suspended already."),
    "not_suspended": _l("It is not suspended, so there is nothing to take up again."),
    "not_a_replacement": _l(
        "That one cannot stand in its place: choose another of the same lot that is not revoked."
    ),
    "nothing_went_in": _l("Name at least one lot that went in."),
    "too_many_inputs": _l("One making tells at most %(most)s lots that went in."),
    "input_twice": _l("%(sku)s lot %(lot)s stands twice. Add the quantities up in one row."),
    "made_of_itself": _l("Lot %(lot)s would be made of itself: it went into one of these lots, or is one."),
    "not_yet_made": _l("A making is recorded once it is done; this instant is still to come."),
    "making_known": _l(
        "What this lot was made from is recorded under %(document)s already, with other figures. Look at it above."
    ),
    "no_firm": _l("Your sign-in belongs to no firm yet. Ask the host company to set it."),
    "nothing_to_pack": _l("There is no passport to pack."),
    "pack_too_large": _l("The papers come to more than one pack may hold. Pack fewer passports at once."),
    "document_not_found": _l("There is no such document, or it is not yours to see."),
    # replenishment
    "bad_policy": _l("The limits contradict each other: %(field)s is %(value)s, the limit is %(limit)s."),
    "unknown_order": _l("There is no replenishment order %(number)s for you."),
    "unknown_policy": _l("There is no such replenishment policy."),
    "unknown_shipment": _l("There is no such shipment."),
    "illegal_move": _l("Order %(number)s no longer allows this step. Look at its state and decide again."),
    "order_moved_on": _l("Someone changed order %(number)s since you opened it. Look at it again."),
    "reason_missing": _l("Please give a reason for order %(number)s."),
    "shipment_differs": _l("What you announce differs from what was ordered."),
    "lot_missing": _l("A shipment needs a number, a lot and dates in order."),
    "shipment_number_taken": _l("Despatch advice %(number)s exists already."),
    # platform
    "file_too_large": _l(
        "The file is larger than %(mb)s MB, the most that is taken. Save it smaller or split it, "
        "and hand it in again."
    ),
    "file_missing": _l("This file is not stored here."),
    "postgres_unavailable": _l("The database does not answer just now."),
}
