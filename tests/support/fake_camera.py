"""A camera for Chromium that shows a real label's code: a raw video (YUV4MPEG2) of one still picture."""

import base64
from pathlib import Path

from playwright.sync_api import Browser, Page

from support.running_browser import FLAGS

WIDTH, HEIGHT = 640, 480
_GREY = bytes([128]) * (WIDTH * HEIGHT // 2)
_SEEN = f"""async (address) => {{
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const canvas = Object.assign(document.createElement('canvas'), {{ width: {WIDTH}, height: {HEIGHT} }});
  const pen = canvas.getContext('2d');
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, {WIDTH}, {HEIGHT});
  pen.drawImage(picture, 140, 60, 360, 360);
  const points = pen.getImageData(0, 0, {WIDTH}, {HEIGHT}).data;
  let bytes = '';
  for (let at = 0; at < points.length; at += 4) bytes += String.fromCharCode(points[at]);
  return btoa(bytes);
}}"""


def film(page: Page, address: str, folder: Path) -> Path:
    """Film a picture of the portal: what a camera held before it would see.

    Args:
        page: A window at any page of the portal.
        address: Path of the picture.
        folder: Where the video goes.
    """
    light = base64.b64decode(page.evaluate(_SEEN, address))
    video = folder / "label.y4m"
    frame = b"FRAME\n" + light + _GREY
    video.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F15:1 Ip A1:1 C420jpeg\n".encode() + frame * 2)
    return video


def started(browser: Browser, executable: Path, *flags: str) -> Browser:
    """Start another browser beside ``browser``, with more flags; whoever asks closes it."""
    return browser.browser_type.launch(executable_path=str(executable), args=[*FLAGS, *flags])
