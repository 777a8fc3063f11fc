// The camera and the reader of codes. Loaded when somebody starts one of them: the reader weighs 430 KB.
import { prepareZXingModule, readBarcodes } from './vendor/zxing-wasm-3.1.4/reader/index.js';

const READER = new URL('./vendor/zxing-wasm-3.1.4/reader/zxing_reader.wasm', import.meta.url).href;
const FORMATS = ['QRCode', 'DataMatrix', 'Code128', 'EAN13', 'EAN8', 'UPCA'];
const WIDEST = { camera: 1280, photo: 2400 };
const PAUSE_MS = 120;
const OBSTACLES = {
  NotAllowedError: 'denied', NotFoundError: 'none', NotReadableError: 'busy', AbortError: 'busy',
  OverconstrainedError: 'unsuitable', SecurityError: 'blocked', NotSupportedError: 'blocked',
};

export const ready = () => prepareZXingModule({ overrides: { locateFile: () => READER }, fireImmediately: true });

const canvas = document.createElement('canvas');

async function textsIn(picture, width, height, widest) {
  const scale = Math.min(1, widest / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const found = await readBarcodes(pen.getImageData(0, 0, canvas.width, canvas.height), { formats: FORMATS });
  return found.filter((code) => code.isValid).map((code) => code.text);
}

export async function textsInPhoto(file) {
  const picture = await createImageBitmap(file);
  try {
    return await textsIn(picture, picture.width, picture.height, WIDEST.photo);
  } finally {
    picture.close();
  }
}

// What keeps this browser from a camera before anybody is asked for one; null when nothing does.
export function obstacle() {
  if (!isSecureContext) return 'insecure';
  return navigator.mediaDevices?.getUserMedia ? null : 'unsupported';
}

export class NoCamera extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

// Shows the camera in `video` and tells every text it sees, again and again. Returns what stops it.
export async function start(video, tell, lost) {
  const without = obstacle();
  if (without) throw new NoCamera(without);
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 } } });
  } catch (error) {
    throw new NoCamera(OBSTACLES[error.name] ?? 'unsupported');
  }
  let runs = true;
  const stop = () => {
    runs = false;
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
  stream.getVideoTracks()[0].addEventListener('ended', () => { stop(); lost('lost'); });
  video.srcObject = stream;
  video.play().catch(() => {}); // rejected when it is stopped before its first picture
  const watch = async () => {
    if (!runs) return;
    if (video.videoWidth && !document.hidden) {
      (await textsIn(video, video.videoWidth, video.videoHeight, WIDEST.camera)).forEach((text) => runs && tell(text));
    }
    setTimeout(watch, PAUSE_MS);
  };
  watch();
  return stop;
}
