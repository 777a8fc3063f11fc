"""The passport's pages for everybody, without an account: what a printed code opens, and what a verifier needs.

The server shows and serves; the verdict is the visitor's own browser's (``portal/static/verify.mjs``). Addresses
follow GS1 Digital Link URI Syntax 1.2: ``/01/{GTIN}/10/{lot}`` of a lot, ``/01/{GTIN}/21/{serial}`` of one piece;
both in one address (``/10/{lot}/21/{serial}``) lead to the piece.
"""

import io
import json
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Flask, Response, current_app, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from portal.flows import evidence, partner_passports, passporting
from portal.kernel.gtin import NotAGTIN, to_gtin14
from portal.passports import contexts, credentials, reads, tokens
from portal.passports.bearer import Bearer, passport_link
from portal.passports.fitness import reads as fitness
from portal.passports.issuer import issuer_did
from portal.passports.model import code_hash
from portal.passports.packs import PackSources, build_pack
from portal.passports.printed_code import RIM, printed_code
from portal.passports.reads import Passport, PassportNotFound
from portal.web import auth, credential_page, errors, filters, i18n, offline_verifier, relay
from portal.web.assets import Assets
from portal.web.context import as_of, reading, services
from portal.web.moments import moment
from portal.web.passport_face import face_of
from portal.web.passport_words import first_words, in_script, pair, step, words

_DIGEST_CHARS = 64
_GOODS = "/01/<gtin>/<any('10', '21'):key>/<path:code>"
_OPEN = {"Access-Control-Allow-Origin": "*"}
"""What is published here is for every verifier, wherever it runs."""
_TOKENS = {tokens.TOKEN: partner_passports.public_token, tokens.DISCLOSED: partner_passports.public_disclosed}

blueprint = Blueprint("public", __name__)


def org_id() -> UUID:
    """Return the host company's id.

    Raises:
        NoCompany: The portal is empty.
    """
    here = auth.company()
    if here is None:
        raise auth.NoCompany("There is no company yet.")
    return here.id


def bearer_at(gtin: str, key: str, code: str) -> Bearer:
    """Return what an address names.

    Args:
        gtin: As it stands there.
        key: GS1 application identifier of what follows: ``10`` a lot, ``21`` a serial number.
        code: The lot or the serial number.

    Raises:
        NotAGTIN: It has none.
    """
    full = to_gtin14(gtin)
    return Bearer(gtin=full, lot_code=code) if key == "10" else Bearer(gtin=full, serial=code)


@blueprint.get(_GOODS)
def passport(gtin: str, key: str, code: str) -> ResponseReturnValue:
    """Show the passport of a lot or a piece; its browser part checks it."""
    try:
        bearer = bearer_at(gtin, key, code)
    except NotAGTIN as refusal:
        return errors.answer(replace(errors.problem_of(refusal), status=400, title=str(errors.TITLES[400])))
    if bearer.gtin != gtin:
        return redirect(request.full_path.replace(f"/01/{gtin}/", f"/01/{bearer.gtin}/", 1).rstrip("?"), code=301)
    with reading() as connection:
        history = reads.history_of(connection, org_id=org_id(), bearer=bearer)
        if not history:
            return _elsewhere(connection, bearer)
        newest = history[0]
        recall = fitness.recall_of_lot(
            connection, org_id=org_id(), product_id=newest.product_id, lot_code=newest.lot_code
        )
    face = face_of(newest.body)
    return render_template(
        "public/passport.html",
        passport=newest,
        face=face,
        history=history,
        recall=recall,
        code_hash=code_hash,
        link=link_of(newest),
        path=path_of(newest),
        word=pair,
        step=step,
        words=in_script(
            first_words(chain_kind=services().settings.chain_kind, units=[event.unit for event in face.events])
        ),
        zone=services().settings.time_zone,
        stamp=stamp,
    )


def _elsewhere(connection: Connection, bearer: Bearer) -> ResponseReturnValue:
    """Lead an address of lot and serial number to its piece, which has one address only; else nothing is known.

    A lot's code may hold ``/21/`` itself, which is why a lot of that name is looked for first.
    """
    lot, named, serial = bearer.lot_code.partition("/21/")
    if named and serial:
        piece = Bearer(gtin=bearer.gtin, serial=serial)
        found = reads.history_of(connection, org_id=org_id(), bearer=piece)
        if found and found[0].lot_code == lot:
            return redirect(path_of(found[0]), code=302)
        bearer = replace(piece, lot_code=lot)
    return render_template("public/unknown.html", bearer=bearer), 404


def stamp(instant: str) -> str:
    """Write an instant of a credential as ``2026-11-20 09:12`` in the company's zone."""
    moment = filters.local(datetime.fromisoformat(instant))
    return moment.strftime("%Y-%m-%d %H:%M")


def link_of(shown: Passport) -> str:
    """Return what the printed code carries: the Digital Link and the fingerprint behind ``#h=``."""
    link = passport_link(services().settings.origin, shown.bearer)
    return f"{link}#h={code_hash(shown.digest)}"


def path_of(shown: Passport) -> str:
    """Return the path of a passport's page on this server."""
    origin = services().settings.origin
    return passport_link(origin, shown.bearer).removeprefix(origin)


def qr_svg(link: str) -> Response:
    """Draw a link as a QR code (error correction M: readable with 15 % of it damaged)."""
    drawing = io.BytesIO()
    printed_code(link).save(
        drawing,
        kind="svg",
        border=RIM,
        dark="#1d2329",
        light="#ffffff",
        xmldecl=False,
        svgclass=None,
        lineclass=None,
    )
    return Response(drawing.getvalue(), content_type="image/svg+xml")


@blueprint.get(f"{_GOODS}/qr.svg")
def qr(gtin: str, key: str, code: str) -> ResponseReturnValue:
    """Draw the code to print on the goods: address and fingerprint of the newest passport."""
    with reading() as connection:
        newest = reads.passport_of(connection, org_id=org_id(), bearer=bearer_at(gtin, key, code))
    return qr_svg(link_of(newest))


def to_digest(text: str) -> bytes:
    """Return the 32 bytes of a digest written as 64 hexadecimal digits.

    Raises:
        PassportNotFound: It is not one, so nothing has it.
    """
    if len(text) != _DIGEST_CHARS or not set(text) <= set("0123456789abcdef"):
        raise PassportNotFound(f"No passport {text:.80}.", digest=text[:80])
    return bytes.fromhex(text)


@blueprint.get("/bundles/<digest>.json")
def bundle(digest: str) -> ResponseReturnValue:
    """Give all a verifier needs of one passport: credential, keys, proof of its place, chain receipt, status.

    With ``?at=`` the lists that counted then come along.
    """
    at = moment(request.args.get("at", ""))
    with reading() as connection:
        data = reads.bundle(connection, org_id=org_id(), digest=to_digest(digest), at=at)
    answer = Response(data, content_type="application/json", headers=_OPEN)
    answer.headers["Content-Disposition"] = f'inline; filename="passport-{digest[:8]}.json"'
    return answer


@blueprint.get(contexts.PATH)
def passport_context() -> ResponseReturnValue:
    """Give the JSON-LD context that this portal's credentials name; it never changes under this address."""
    return _context(contexts.passport_context())


@blueprint.get("/contexts/<name>.jsonld")
def pinned_context(name: str) -> ResponseReturnValue:
    """Give one of the contexts of fixed content to the browser's reader, which compares its digest."""
    data = contexts.pinned_file(f"{name}.jsonld")
    if data is None:
        raise NotFound
    return _context(data)


def _context(data: bytes) -> Response:
    answer = Response(data, content_type="application/ld+json", headers=_OPEN)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


@blueprint.get(f"{_GOODS}/bundle.json")
def newest_bundle(gtin: str, key: str, code: str) -> ResponseReturnValue:
    """Give the bundle of the newest passport, for who knows the lot or the piece but has no printed code."""
    with reading() as connection:
        newest = reads.passport_of(connection, org_id=org_id(), bearer=bearer_at(gtin, key, code))
    return bundle(newest.digest.hex())


@blueprint.get("/credentials/<uuid:credential_id>")
def credential(credential_id: UUID) -> ResponseReturnValue:
    """Give a credential exactly as it was signed, as a token, or as a page, whichever is asked for."""
    wanted = request.accept_mimetypes.best_match(("application/vc", *_TOKENS, "text/html"), "application/vc")
    if wanted == "text/html":
        answer = make_response(credential_page.show(org_id(), credential_id))
    elif wanted == "application/vc":
        with reading() as connection:
            found = credentials.credential_by_id(connection, org_id=org_id(), credential_id=credential_id)
        answer = Response(found.body, content_type=wanted, headers=_OPEN)
    else:
        answer = _token(credential_id, wanted)
    answer.vary.add("Accept")
    return answer


@blueprint.get("/facilities/<code>")
def facility(code: str) -> ResponseReturnValue:
    """Lead to the newest record of a place of ours, which credentials call by this address."""
    company = org_id()
    with reading() as connection:
        found = evidence.record_of_place(connection, org_id=company, code=code)
    if found is None:
        raise NotFound
    return redirect(f"/credentials/{found}", code=302)


@blueprint.get("/credentials/<uuid:credential_id>.jwt")
def token(credential_id: UUID) -> ResponseReturnValue:
    """Give a credential as one JSON Web Token."""
    return _token(credential_id, tokens.TOKEN)


@blueprint.get("/credentials/<uuid:credential_id>/epcis.json")
def epcis(credential_id: UUID) -> ResponseReturnValue:
    """Give the event of a credential as an EPCIS 2.0 document."""
    with reading() as connection:
        found = credentials.credential_by_id(connection, org_id=org_id(), credential_id=credential_id)
    text = json.dumps(credentials.epcis_of(found), ensure_ascii=False)
    return Response(text, content_type="application/ld+json", headers=_OPEN)


@blueprint.get("/credentials/<uuid:credential_id>.sd-jwt")
def disclosed(credential_id: UUID) -> ResponseReturnValue:
    """Give a credential as a token of which parts can be withheld when it is passed on."""
    return _token(credential_id, tokens.DISCLOSED)


def _token(credential_id: UUID, media_type: str) -> Response:
    with reading() as connection:
        text = _TOKENS[media_type](connection, services=services(), org_id=org_id(), credential_id=credential_id)
    return Response(text, content_type=media_type, headers=_OPEN)


@blueprint.get("/credentials/<uuid:credential_id>/pack.zip")
def pack(credential_id: UUID) -> ResponseReturnValue:
    """Give a passport's audit pack without its papers, which are not for everybody."""
    settings = services().settings
    sources = PackSources(
        org_id=org_id(), rpc_url=settings.chain_rpc_url, confirmations=settings.chain_confirmations
    )
    with reading() as connection:
        data = build_pack(connection, sources, credential_ids=[credential_id], now=as_of())
    return pack_answer(data, name=f"passport-{str(credential_id)[-8:]}")


def pack_answer(data: bytes, *, name: str) -> Response:
    """Send an audit pack as a file to keep."""
    answer = Response(data, content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return answer


@blueprint.get("/.well-known/did.json")
def did() -> ResponseReturnValue:
    """Give the issuer's DID document with its whole key history (did:web)."""
    name = issuer_did(services().settings.origin)
    with reading() as connection:
        document = reads.issuer_document(connection, org_id=org_id(), did=name)
    if not document["verificationMethod"]:
        raise NotFound
    return Response(json.dumps(document), content_type="application/did+json", headers=_OPEN)


@blueprint.get("/.well-known/tallystick-trust.json")
def trust() -> ResponseReturnValue:
    """Give our own trust list: our keys and the chain we anchor on. Who checks may use another one."""
    company_id = org_id()
    with reading() as connection:
        name = passporting.issuer_name(connection)
        listed = reads.trust_list(connection, org_id=company_id, name=name)
    return Response(listed.to_json(), content_type="application/json", headers=_OPEN)


@blueprint.get("/verifier.html")
def verifier() -> ResponseReturnValue:
    """Give the offline verifier: one file to keep, which asks nobody."""
    answer = Response(offline_verifier.page(), content_type="text/html; charset=utf-8", headers=_OPEN)
    # The page carries its own, stricter policy; ours would forbid its script, which stands in the page itself.
    answer.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
    answer.headers["Cache-Control"] = "no-cache"
    answer.set_etag(offline_verifier.digest())
    return answer.make_conditional(request)


@blueprint.get("/passport-worker.js")
def worker() -> ResponseReturnValue:
    """Give the service worker of passport pages; it lies at the root because its scope is ``/01/``."""
    assets: Assets = current_app.extensions["tally_assets"]
    script = assets.data("passport-worker.js").replace(b"VERSION", assets.version.encode())
    return Response(script, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@blueprint.get("/passport-words/<language>.json")
def passport_words(language: str) -> ResponseReturnValue:
    """Give all that a passport page's script may have to say, for when something is amiss."""
    if language not in i18n.LANGUAGES:
        raise NotFound
    g.language = language  # the address says it, whoever asks
    answer = Response(in_script(words()), content_type="application/json")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


@blueprint.get("/verifier.sha256")
def verifier_digest() -> ResponseReturnValue:
    """Give the offline verifier's SHA-256, as ``sha256sum --check`` reads it."""
    return Response(f"{offline_verifier.digest()}  verifier.html\n", content_type="text/plain", headers=_OPEN)


@blueprint.post("/chain")
def chain() -> ResponseReturnValue:
    """Pass one question of a verifier on to the chain; nothing that could change it."""
    if (request.content_length or 0) > relay.MAX_BYTES:
        raise RequestEntityTooLarge
    body = request.get_data()
    relay.check_question(body)
    try:
        data = relay.ask(services().settings.chain_rpc_url, body)
    except relay.ChainSilent as refusal:
        answer = make_response({"code": refusal.code, "detail": errors.sentence_of(refusal)})
        answer.status_code = 502
        return answer
    return Response(data, content_type="application/json")


def register(app: Flask) -> None:
    """Hang the pages into ``app``."""
    app.register_blueprint(blueprint)
    auth.csrf.exempt(chain)  # a question without a session: nothing is done in anybody's name
    errors.SENTENCES.update(
        bad_question=_l("This is not one question to the chain."),
        not_relayed=_l("“%(method)s” is not passed on to the chain; only questions that change nothing are."),
        chain_silent=_l("The chain does not answer just now."),
        lot_not_printable=_l("Lot %(lot)s cannot stand in a code: 1 to 20 letters, digits and signs."),
        serial_not_printable=_l(
            "Serial number %(serial)s cannot stand in a code: 1 to 20 letters, digits and signs."
        ),
        unknown_lot=_l("No lot %(lot)s is known."),
        no_issuer=_l("There is no company yet, so nobody could sign."),
        already_over=_l("The document ended on %(valid_until)s. Hand in the one that holds today."),
    )
