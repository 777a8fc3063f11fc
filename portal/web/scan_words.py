"""What the scan page's script may have to say: the camera's obstacles and their ways out, foreign codes, the list.

``camera.<obstacle>`` is what happened, ``camera.<obstacle>.do`` the way out. The obstacles are those of
``camera.mjs``, the kinds of foreign codes those of ``codes.mjs``; verdicts are worded in ``passport_words``.
"""

from flask_babel import gettext as _

from portal.web.passport_words import Texts, words


def scan_words() -> Texts:
    """Return every sentence of the scan page's script, in the reader's language first."""
    texts = {**_camera(), **_photos(), **_foreign(), **_list(), **_columns()}
    return {**words(), **{name: (text,) for name, text in texts.items()}}


def _camera() -> dict[str, str]:
    return {
        "camera.on": _("The camera is on. Hold a code into the frame."),
        "camera.denied": _("The camera was not allowed."),
        "camera.denied.do": _(
            "Allow it in the browser's address bar or in the phone's settings, then start it again; "
            "or take a photo, or type the code."
        ),
        "camera.none": _("No camera was found."),
        "camera.none.do": _("Connect one, scan with your phone, choose a photo, or type the code."),
        "camera.busy": _("The camera is in use by another program."),
        "camera.busy.do": _("Close video calls and other windows that use it, then start it again."),
        "camera.unsuitable": _("No camera of this device can do what is needed."),
        "camera.unsuitable.do": _("Take a photo with the camera app and choose it here, or type the code."),
        "camera.insecure": _("This page was opened over plain http, so the browser gives it no camera."),
        "camera.insecure.do": _(
            "Open it with https:// in front; ask who runs the portal for that address. A photo or a typed code "
            "works here too, but without https the browser cannot check signatures, and the verdict stays open."
        ),
        "camera.unsupported": _("This browser has no way to the camera."),
        "camera.unsupported.do": _(
            "Open this page in Chrome, Edge, Firefox or Safari instead of inside another app; "
            "or choose a photo, or type the code."
        ),
        "camera.blocked": _("The camera is blocked by a setting of this browser or device."),
        "camera.blocked.do": _("Ask who looks after the device, choose a photo, or type the code."),
        "camera.lost": _("The camera has stopped."),
        "camera.lost.do": _("It was unplugged or taken by another program; start it again. The list is kept."),
        "camera.reader": _("The reader of codes could not be loaded."),
        "camera.reader.do": _("Look at the connection and try again, or type the code."),
    }


def _photos() -> dict[str, str]:
    return {
        "photo.empty": _("No code was found in {name}."),
        "photo.empty.do": _("Take it again closer, straight from the front, without glare; or type the code."),
        "photo.unreadable": _("{name} is not a picture this browser can read."),
        "photo.unreadable.do": _("Choose a JPEG or PNG picture, or type the code."),
    }


def _foreign() -> dict[str, str]:
    return {
        "foreign.other_house": _("A passport of another company; it is checked at that company's address."),
        "foreign.address": _("An address that is no passport of ours. Do not open it unless you know it."),
        "foreign.goods_only": _(
            "A product's bar code; it names no lot. Scan the passport's QR code, or type GTIN and lot."
        ),
        "foreign.text": _("A code of something else, not of a passport."),
    }


def _list() -> dict[str, str]:
    return {
        "row.good": _("Verified"),
        "row.bad": _("Not verified"),
        "row.part": _("Partly verified"),
        "row.none": _("No passport"),
        "row.foreign": _("Foreign code"),
        "row.wait": _("Being checked"),
        "unknown": _(
            "There is no passport under this code. Compare GTIN and lot; if they are right, set the goods aside."
        ),
        "lot": _("Lot"),
        "serial": _("Serial number"),
        "best": _("Best before"),
        "seen": _("Already on the list: {name}"),
        "count": _("{all} in all: {good} verified, {bad} not verified, {rest} open or foreign"),
        "cleared": _("The list was cleared ({count})."),
        "restored": _("The list is back ({count})."),
    }


def _columns() -> dict[str, str]:
    return {
        "csv.at": _("Scanned at"),
        "csv.verdict": _("Verdict"),
        "csv.reason": _("Reason"),
        "csv.name": _("Product"),
        "csv.serial": _("Serial number"),
        "csv.lot": _("Lot"),
        "csv.gtin": _("GTIN"),
        "csv.best": _("Best before"),
        "csv.code": _("Fingerprint"),
        "csv.times": _("Times scanned"),
        "csv.key": _("Code as read"),
    }
