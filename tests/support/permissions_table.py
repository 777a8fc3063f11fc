"""Who may do what at every address: one row per method and rule of ``app.url_map``.

A route without a row fails the suite; so does a row without a route. Whoever adds a page adds its row here.
Kinds are those of ``support.people.KINDS``. A row names who gets in; everybody else who is signed in must be
refused (403), and a stranger is sent to sign in (302) or told 401.
"""

from dataclasses import dataclass, field
from typing import Any

from portal.partners.trusted import identifier_of
from portal.platform.packaged import graphql_file

CUSTOMERS = frozenset({"ordinary", "key", "other_key", "strategic"})
"""Customers with an agreement in force."""

LAPSED = frozenset({"lapsed"})
SIGNED_IN = frozenset({"operator", "supplier", "auditor", "lapsed"}) | CUSTOMERS
EVERYBODY = SIGNED_IN | {"anonymous"}
OPERATOR = frozenset({"operator"})
SUPPLIER = frozenset({"supplier"})
AUDITOR = frozenset({"auditor"})
STRATEGIC = frozenset({"strategic"})

NONE = (404, 422)
"""Statuses that say: you may, but there is no such thing, or the form says nothing."""

NOWHERE = "01900000-0000-7000-8000-00000000ffff"
"""An id nothing has: who may enter is told 404, everybody else is refused before anything is looked up."""

IMPORT = f"/ops/import/{NOWHERE}"
AGREEMENT = "/ops/partners/C1/agreements/AG-ordinary"
MOVE = f"/ops/stock/TEA-A/moves/{NOWHERE}"
REQUIREMENT = {
    "id": NOWHERE,
    "kind": "certificate",
    "name_zh": "许可证",
    "name_en": "Licence",
    "step": "confirm",
}
GOODS = "/01/<gtin>/<any('10', '21'):key>/<path:code>"
PASSPORT = "/01/09520123456788/10/NONE"


@dataclass(frozen=True)
class Row:
    """What happens at one address.

    Attributes:
        route: Method and rule, as ``app.url_map`` writes it.
        open_to: Kinds that get in.
        path: An address that fits the rule, when it has variables.
        form: Fields of a POST that would do something.
        json: Body of a program's request; then a stranger is told 401, not sent to sign in.
        entered: Statuses that say somebody got in.
    """

    route: str
    open_to: frozenset[str]
    path: str = ""
    form: dict[str, str] = field(default_factory=dict)
    json: dict[str, Any] | None = None
    entered: tuple[int, ...] = (200, 303)

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.route.split(" ")[0]

    @property
    def url(self) -> str:
        """The address to ask."""
        return self.path or self.route.split(" ")[1]


ROWS: tuple[Row, ...] = (
    # The front door and what watches it.
    Row("GET /", EVERYBODY),
    Row("GET /verify", EVERYBODY),
    Row("GET /scan", EVERYBODY),
    Row("GET /healthz", EVERYBODY),
    Row("GET /readyz", EVERYBODY),
    Row("GET /lang", EVERYBODY, path="/lang?to=en"),
    Row("POST /lang", EVERYBODY, path="/lang?to=en"),
    Row("GET /static/<path:name>", EVERYBODY, path="/static/tally.css"),
    Row("GET /login", EVERYBODY),
    Row("POST /login", EVERYBODY, form={"email": "x@example.com", "password": "wrong-wrong"}, entered=(401,)),
    Row("POST /logout", EVERYBODY),
    # One's own account.
    Row("GET /account", SIGNED_IN),
    Row("GET /account/api", SIGNED_IN),
    Row("POST /account/token", SIGNED_IN),
    Row("GET /account/api/try", SIGNED_IN),
    Row("GET /account/keys", SIGNED_IN),
    Row("POST /account/keys", SIGNED_IN, form={"label": "poll", "scope": "read", "days": "30"}),
    Row("GET /account/keys/<uuid:key_id>/end", SIGNED_IN, path=f"/account/keys/{NOWHERE}/end", entered=NONE),
    Row("POST /account/keys/<uuid:key_id>/end", SIGNED_IN, path=f"/account/keys/{NOWHERE}/end", entered=NONE),
    Row(
        "POST /account/keys/<uuid:key_id>/replace",
        SIGNED_IN,
        path=f"/account/keys/{NOWHERE}/replace",
        entered=NONE,
    ),
    Row("GET /account/calls", SIGNED_IN),
    Row("GET /account/calls.csv", SIGNED_IN),
    Row("POST /account/end-sessions", SIGNED_IN),
    Row("POST /account/reading", SIGNED_IN, form={"read_in": "pallet"}),
    # Programs.
    Row(
        "GET /graphql",
        CUSTOMERS | OPERATOR | SUPPLIER,
        path=f"/graphql?documentId={identifier_of(graphql_file('trusted/who.graphql'))}",
        json={},
    ),
    Row("POST /graphql", CUSTOMERS | OPERATOR | SUPPLIER, json={"query": "{ asOf }"}),
    Row("POST /api/token", EVERYBODY, json={"email": "x@example.com", "password": "wrong-wrong"}, entered=(401,)),
    # Stock and orders.
    Row("GET /inventory", CUSTOMERS | OPERATOR),
    Row("GET /inventory.csv", CUSTOMERS | OPERATOR),
    Row("GET /inventory.xlsx", CUSTOMERS | OPERATOR),
    Row("GET /inventory/<path:sku>", CUSTOMERS | OPERATOR, path="/inventory/TEA-A"),
    Row("POST /inventory/<path:sku>/question", CUSTOMERS, path="/inventory/TEA-A/question", entered=(422,)),
    Row("GET /orders", CUSTOMERS | OPERATOR),
    Row("GET /reserve/<path:sku>", CUSTOMERS, path="/reserve/TEA-A"),
    Row(
        "POST /reserve/<path:sku>",
        CUSTOMERS,
        path="/reserve/TEA-A",
        form={"quantity": "1", "unit": "C62", "day": "2026-11-25", "key": "abcdef"},
        entered=(303,),
    ),
    Row("GET /reservations", CUSTOMERS | OPERATOR),
    Row(
        "GET /reservations/<uuid:reservation_id>",
        CUSTOMERS | OPERATOR,
        path=f"/reservations/{NOWHERE}",
        entered=(404,),
    ),
    Row(
        "POST /reservations/<uuid:reservation_id>/confirm",
        CUSTOMERS,
        path=f"/reservations/{NOWHERE}/confirm",
        entered=(404,),
    ),
    Row(
        "POST /reservations/<uuid:reservation_id>/release",
        CUSTOMERS | OPERATOR,
        path=f"/reservations/{NOWHERE}/release",
        entered=(404,),
    ),
    Row("GET /board", STRATEGIC | OPERATOR),
    # The host's staff.
    Row("GET /ops", OPERATOR),
    Row("GET /ops/stock", OPERATOR),
    Row("GET /ops/orders", OPERATOR),
    Row("GET /ops/stock/<path:sku>/units", OPERATOR, path="/ops/stock/NONE/units", entered=(404,)),
    Row("POST /ops/stock/<path:sku>/units", OPERATOR, path="/ops/stock/NONE/units", entered=(404,)),
    Row("GET /ops/stock/<path:sku>/places", OPERATOR, path="/ops/stock/TEA-A/places"),
    Row("GET /ops/stock/<path:sku>/moves", OPERATOR, path="/ops/stock/TEA-A/moves"),
    Row("GET /ops/stock/<path:sku>/heap", OPERATOR, path="/ops/stock/TEA-A/heap?lot=A1", entered=(404,)),
    Row("GET /ops/stock/<path:sku>/lot", OPERATOR, path="/ops/stock/TEA-A/lot?lot=A1"),
    Row(
        "POST /ops/stock/<path:sku>/lot",
        OPERATOR,
        path="/ops/stock/TEA-A/lot?lot=A1",
        form={"key": "k", "step": "confirm", "status": "blocked", "reason": "r"},
    ),
    *(
        Row(
            f"{method} /ops/stock/<path:sku>/{deed}",
            OPERATOR,
            path=f"/ops/stock/TEA-A/{deed}?lot=A1&place={NOWHERE}&status=available",
            form={"key": "k", "step": "confirm", "quantity": "1", "unit": "C62", "reason": "r"},
            entered=(404,),
        )
        for deed in ("move", "hold", "release", "scrap", "take-over")
        for method in ("GET", "POST")
    ),
    Row("GET /ops/stock/<path:sku>/moves/<uuid:move_id>", OPERATOR, path=MOVE, entered=(404,)),
    Row(
        "POST /ops/stock/<path:sku>/moves/<uuid:move_id>/reverse",
        OPERATOR,
        path=f"{MOVE}/reverse",
        form={"reason": "r", "step": "confirm"},
        entered=(404,),
    ),
    Row("GET /ops/partners", OPERATOR),
    Row("GET /ops/partners/<code>", OPERATOR, path="/ops/partners/C1"),
    Row("GET /ops/partners/<code>/agreements/new", OPERATOR, path="/ops/partners/C1/agreements/new"),
    Row(
        "POST /ops/partners/<code>/agreements/new", OPERATOR, path="/ops/partners/C1/agreements/new", entered=NONE
    ),
    Row("GET /ops/partners/<code>/agreements/<number>", OPERATOR, path=AGREEMENT),
    Row("POST /ops/partners/<code>/agreements/<number>", OPERATOR, path=AGREEMENT, entered=NONE),
    Row("GET /ops/partners/<code>/agreements/<number>/end", OPERATOR, path=f"{AGREEMENT}/end"),
    Row("POST /ops/partners/<code>/agreements/<number>/end", OPERATOR, path=f"{AGREEMENT}/end"),
    Row("GET /ops/partners/<code>/people/new", OPERATOR, path="/ops/partners/C1/people/new"),
    Row("POST /ops/partners/<code>/people/new", OPERATOR, path="/ops/partners/C1/people/new", entered=NONE),
    Row(
        "POST /ops/partners/<code>/people/<uuid:person_id>/deactivate",
        OPERATOR,
        path=f"/ops/partners/C1/people/{NOWHERE}/deactivate",
        entered=(404,),
    ),
    Row(
        "POST /ops/partners/<code>/people/<uuid:person_id>/end-sessions",
        OPERATOR,
        path=f"/ops/partners/C1/people/{NOWHERE}/end-sessions",
        entered=(404,),
    ),
    Row("GET /ops/partners/<code>/inference", OPERATOR, path="/ops/partners/C1/inference"),
    Row("POST /ops/partners/<code>/view-as", OPERATOR, path="/ops/partners/C1/view-as"),
    Row("POST /ops/view-as/leave", SIGNED_IN),
    Row("GET /ops/audit", OPERATOR),
    Row("GET /ops/audit.csv", OPERATOR),
    Row("GET /ops/trace", OPERATOR),
    # Papers act, and recalls.
    Row("GET /ops/requirements", OPERATOR),
    Row("GET /ops/requirements/new", OPERATOR),
    Row("POST /ops/requirements/new", OPERATOR, form=REQUIREMENT),
    Row(
        "POST /ops/requirements/<uuid:requirement_id>/end",
        OPERATOR,
        path=f"/ops/requirements/{NOWHERE}/end",
        entered=(404,),
    ),
    Row("GET /ops/recalls", OPERATOR),
    Row("GET /ops/recalls/<uuid:recall_id>", OPERATOR, path=f"/ops/recalls/{NOWHERE}", entered=(404,)),
    Row("GET /ops/stock/<path:sku>/recall", OPERATOR, path="/ops/stock/TEA-A/recall?lot=A1"),
    Row(
        "POST /ops/stock/<path:sku>/recall",
        OPERATOR,
        path="/ops/stock/TEA-A/recall?lot=A1",
        form={"step": "confirm", "reason": "r"},
    ),
    Row("GET /recalls", CUSTOMERS | LAPSED),
    Row("POST /recalls/<uuid:notice_id>/seen", CUSTOMERS | LAPSED, path=f"/recalls/{NOWHERE}/seen"),
    Row("GET /ops/places", OPERATOR),
    Row("POST /ops/places/<uuid:place_id>/add", OPERATOR, path=f"/ops/places/{NOWHERE}/add", entered=(404, 422)),
    Row("GET /ops/places/<uuid:place_id>", OPERATOR, path=f"/ops/places/{NOWHERE}", entered=(404,)),
    Row("POST /ops/places/<uuid:place_id>", OPERATOR, path=f"/ops/places/{NOWHERE}", entered=(404, 422)),
    Row("GET /ops/pick", OPERATOR),
    Row("GET /ops/pick/<path:number>", OPERATOR, path="/ops/pick/SO-0", entered=(404,)),
    Row("POST /ops/pick/<path:number>", OPERATOR, path="/ops/pick/SO-0", entered=(404,)),
    Row("GET /ops/policies", OPERATOR),
    Row("GET /ops/policies/new", OPERATOR),
    Row("POST /ops/policies/new", OPERATOR, entered=(422,)),
    Row("GET /ops/policies/<uuid:policy_id>", OPERATOR, path=f"/ops/policies/{NOWHERE}", entered=(404,)),
    Row("POST /ops/policies/<uuid:policy_id>", OPERATOR, path=f"/ops/policies/{NOWHERE}", entered=(404, 422)),
    Row("POST /ops/policies/<uuid:policy_id>/ask", OPERATOR, path=f"/ops/policies/{NOWHERE}/ask", entered=(404,)),
    Row("GET /ops/pools", OPERATOR),
    Row("GET /ops/pools/new", OPERATOR),
    Row("POST /ops/pools/new", OPERATOR, entered=(422,)),
    Row("POST /ops/pools/<uuid:pool_id>/end", OPERATOR, path=f"/ops/pools/{NOWHERE}/end", entered=(404,)),
    Row("GET /ops/replenishment", OPERATOR),
    Row("GET /ops/replenishment/<number>", OPERATOR, path="/ops/replenishment/R-0", entered=(404,)),
    Row(
        "POST /ops/replenishment/<number>/cancel",
        OPERATOR,
        path="/ops/replenishment/R-0/cancel",
        entered=(404, 422),
    ),
    Row(
        "POST /ops/replenishment/<number>/settle",
        OPERATOR,
        path="/ops/replenishment/R-0/settle",
        entered=(404, 422),
    ),
    Row("GET /ops/receive/<uuid:shipment_id>", OPERATOR, path=f"/ops/receive/{NOWHERE}", entered=(404,)),
    Row("POST /ops/receive/<uuid:shipment_id>", OPERATOR, path=f"/ops/receive/{NOWHERE}", entered=(404, 422)),
    # The auditor's desk.
    Row("GET /audits", OPERATOR | AUDITOR),
    Row("GET /audits/new", OPERATOR),
    Row("POST /audits/new", OPERATOR, entered=(422,)),
    Row("GET /audits/<number>", OPERATOR | AUDITOR, path="/audits/AU-0", entered=(404,)),
    *(
        Row(f"GET /audits/<number>/{page}", OPERATOR | AUDITOR, path=f"/audits/AU-0/{page}", entered=(404,))
        for page in ("report", "checklist.csv", "pack.zip")
    ),
    Row("GET /audits/<number>/items/<item>", AUDITOR, path="/audits/AU-0/items/licence", entered=(404,)),
    Row(
        "POST /audits/<number>/items/<item>",
        AUDITOR,
        path="/audits/AU-0/items/licence",
        form={"verdict": "fulfilled"},
        entered=(404,),
    ),
    Row(
        "POST /audits/<number>/items/<item>/findings",
        AUDITOR,
        path="/audits/AU-0/items/licence/findings",
        form={"words": "w", "severity": "minor", "due_on": "2026-12-24"},
        entered=(404,),
    ),
    Row(
        "POST /audits/<number>/findings/<uuid:finding_id>/settle",
        AUDITOR,
        path=f"/audits/AU-0/findings/{NOWHERE}/settle",
        entered=(404,),
    ),
    *(
        Row(f"POST /audits/<number>/{deed}", AUDITOR, path=f"/audits/AU-0/{deed}", entered=(404,))
        for deed in ("open", "complete", "sign")
    ),
    # Suppliers.
    Row("GET /vmi", SUPPLIER),
    Row("GET /vmi/<number>", SUPPLIER, path="/vmi/R-0", entered=(404,)),
    Row("GET /vmi/<number>/answer", SUPPLIER, path="/vmi/R-0/answer", entered=(404, 422)),
    Row("POST /vmi/<number>/answer", SUPPLIER, path="/vmi/R-0/answer", entered=(303, 404, 422)),
    Row("GET /vmi/<number>/ship", SUPPLIER, path="/vmi/R-0/ship", entered=(404,)),
    Row("POST /vmi/<number>/ship", SUPPLIER, path="/vmi/R-0/ship", entered=(404, 422)),
    # Passports: open to everybody, by design; what is not there is 404.
    Row(f"GET {GOODS}", EVERYBODY, path=PASSPORT, entered=(404,)),
    Row(f"GET {GOODS}/qr.svg", EVERYBODY, path=f"{PASSPORT}/qr.svg", entered=(404,)),
    Row(
        "GET /credentials/<uuid:credential_id>/pack.zip",
        EVERYBODY,
        path=f"/credentials/{NOWHERE}/pack.zip",
        entered=(404,),
    ),
    Row(f"GET {GOODS}/bundle.json", EVERYBODY, path=f"{PASSPORT}/bundle.json", entered=(404,)),
    Row("GET /bundles/<digest>.json", EVERYBODY, path=f"/bundles/{'0' * 64}.json", entered=(404,)),
    Row(
        "GET /credentials/<uuid:credential_id>/epcis.json",
        EVERYBODY,
        path=f"/credentials/{NOWHERE}/epcis.json",
        entered=(404,),
    ),
    Row("GET /facilities/<code>", EVERYBODY, path="/facilities/NONE", entered=(404,)),
    Row("GET /credentials/<uuid:credential_id>", EVERYBODY, path=f"/credentials/{NOWHERE}", entered=(404,)),
    Row(
        "GET /credentials/<uuid:credential_id>.jwt", EVERYBODY, path=f"/credentials/{NOWHERE}.jwt", entered=(404,)
    ),
    Row(
        "GET /credentials/<uuid:credential_id>.sd-jwt",
        EVERYBODY,
        path=f"/credentials/{NOWHERE}.sd-jwt",
        entered=(404,),
    ),
    Row("GET /verifier.html", EVERYBODY),
    Row("GET /passport-worker.js", EVERYBODY),
    Row("GET /verifier.sha256", EVERYBODY),
    Row("GET /passport-words/<language>.json", EVERYBODY, "/passport-words/zh.json"),
    Row("GET /.well-known/did.json", EVERYBODY, entered=(200, 404)),
    Row("GET /did", EVERYBODY),
    Row("GET /passports/<digest>/standing", OPERATOR, path=f"/passports/{'0' * 64}/standing", entered=(404,)),
    Row(
        "POST /passports/<digest>/standing",
        OPERATOR,
        path=f"/passports/{'0' * 64}/standing",
        form={"deed": "revoke", "reason": "x", "sure": "1"},
        entered=(404,),
    ),
    Row("GET /did/<int:version>", EVERYBODY, path="/did/9", entered=(404,)),
    Row(
        "GET /status/<any(revocation, suspension):purpose>/<int:number>",
        EVERYBODY,
        path="/status/revocation/9",
        entered=(404,),
    ),
    Row(
        "GET /status/<any(revocation, suspension):purpose>/<int:number>/<int:version>",
        EVERYBODY,
        path="/status/suspension/9/9",
        entered=(404,),
    ),
    Row(
        "GET /status/notices/<uuid:credential_id>/<int:version>",
        EVERYBODY,
        path=f"/status/notices/{NOWHERE}/9",
        entered=(404,),
    ),
    Row("GET /contexts/passport/v1", EVERYBODY),
    Row("GET /contexts/<name>.jsonld", EVERYBODY, "/contexts/did-v1.jsonld"),
    Row("GET /.well-known/tallystick-trust.json", EVERYBODY, entered=(200, 404)),
    Row("GET /anchors", SIGNED_IN),
    Row("GET /anchors.json", EVERYBODY),
    Row("POST /chain", EVERYBODY, json={}, entered=(200, 400, 403, 422, 503)),
    # Import.
    Row("GET /ops/import", OPERATOR),
    Row("POST /ops/import", OPERATOR, entered=NONE),
    Row("GET /ops/import/new", OPERATOR),
    Row("GET /ops/import/template/<kind>.<form>", OPERATOR, path="/ops/import/template/products.csv"),
    Row("GET /ops/import/<uuid:session_id>", OPERATOR, path=IMPORT, entered=NONE),
    Row("GET /ops/import/<uuid:session_id>/mapping", OPERATOR, path=f"{IMPORT}/mapping", entered=NONE),
    Row("POST /ops/import/<uuid:session_id>/mapping", OPERATOR, path=f"{IMPORT}/mapping", entered=NONE),
    Row("POST /ops/import/<uuid:session_id>/apply", OPERATOR, path=f"{IMPORT}/apply", entered=NONE),
    Row(
        "GET /ops/import/<uuid:session_id>/faults.<form>",
        OPERATOR,
        path=f"{IMPORT}/faults.csv",
        entered=NONE,
    ),
    Row(
        "GET /ops/import/<uuid:session_id>/refused.<form>",
        OPERATOR,
        path=f"{IMPORT}/refused.csv",
        entered=NONE,
    ),
    # Passports and papers for those who work with them.
    Row(f"GET /partner{GOODS}", SIGNED_IN, path=f"/partner{PASSPORT}", entered=(404,)),
    Row(
        f"GET /partner{GOODS}/passport.sd-jwt",
        SIGNED_IN,
        path=f"/partner{PASSPORT}/passport.sd-jwt",
        entered=(404,),
    ),
    Row("GET /ops/credentials", OPERATOR | AUDITOR),
    Row(
        "POST /ops/credentials/documents/<uuid:document_id>",
        OPERATOR,
        path=f"/ops/credentials/documents/{NOWHERE}",
        entered=(404,),
    ),
    Row(
        "POST /ops/credentials/places/<uuid:location_id>",
        OPERATOR,
        path=f"/ops/credentials/places/{NOWHERE}",
        entered=(404,),
    ),
    Row("POST /ops/credentials/identity", OPERATOR, form={"uscc": "x"}, entered=(422,)),
    Row("GET /passports", OPERATOR | AUDITOR),
    Row("GET /passports/issue", OPERATOR, path=f"/passports/issue?product={NOWHERE}&lot=L7", entered=(404,)),
    Row("POST /passports/issue", OPERATOR, form={"product": NOWHERE, "lot": "L7"}, entered=(404,)),
    Row("GET /passports/<digest>", OPERATOR | AUDITOR, path=f"/passports/{'0' * 64}", entered=(404,)),
    Row("GET /passports/<digest>/pack.zip", OPERATOR | AUDITOR, path="/passports/0/pack.zip", entered=(404,)),
    Row("GET /passports/making", OPERATOR, path=f"/passports/making?product={NOWHERE}&lot=L7", entered=(404,)),
    Row("POST /passports/making", OPERATOR, path=f"/passports/making?product={NOWHERE}&lot=L7", entered=(404,)),
    Row("GET /passports/pieces", OPERATOR, path=f"/passports/pieces?product={NOWHERE}&lot=L7", entered=(404,)),
    Row("POST /passports/pieces", OPERATOR, path=f"/passports/pieces?product={NOWHERE}&lot=L7", entered=(404,)),
    Row("GET /passports/labels", OPERATOR),
    Row("GET /passports/labels/labels.pdf", OPERATOR, entered=(422,)),
    Row("GET /passports/<digest>/label", OPERATOR | AUDITOR, path=f"/passports/{'0' * 64}/label", entered=(404,)),
    Row("GET /passports/<digest>/qr.svg", OPERATOR | AUDITOR, path="/passports/0/qr.svg", entered=(404,)),
    Row("GET /documents", SUPPLIER | OPERATOR | AUDITOR),
    Row("GET /documents/new", SUPPLIER),
    Row("POST /documents/new", SUPPLIER, entered=(422,)),
    Row("GET /documents/<digest>", SUPPLIER | OPERATOR | AUDITOR, path=f"/documents/{'0' * 64}", entered=(404,)),
)
