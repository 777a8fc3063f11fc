// The scan page: camera, photos and typed codes come in, a list of verdicts grows. Nothing but questions leaves the
// device: the pictures are read here, and each passport is judged here, by verify.mjs.
import { ofGoods, read } from './codes.mjs';
import { bundleOf, judge, trustList, why, wording, worstOf } from './judging.mjs';

const $ = (selector, root = document) => root.querySelector(selector);
const page = $('#scan');
const words = JSON.parse($('#words').textContent);
const { stamp, filled } = wording(page.dataset.zone);
const word = (name, values) => filled(words[name][0], values);
const origins = [page.dataset.origin, location.origin];
const english = document.documentElement.lang === 'en';
const KEPT = 'tally-scans';
const HELD_MS = 3000;
const VERDICTS = { valid: 'good', invalid: 'bad', partial: 'part' };
const ROWS = {
  good: ['good', '#i-okc'], bad: ['bad', '#i-bad'], part: ['warn', '#i-skip'],
  none: ['warn', '#i-warn'], foreign: ['off', '#i-info'], wait: ['off', '#i-clock'],
};

// saying
const announce = (text) => { $('#say').textContent = text; };
function tell(title, text) {
  $('#trouble').hidden = !title;
  $('#trouble b').textContent = title ?? '';
  $('#trouble span').textContent = text ?? '';
}
function trouble(code) {
  tell(word(`camera.${code}`), word(`camera.${code}.do`));
  page.dataset.camera = 'off';
}

// the list
let scans = JSON.parse(sessionStorage.getItem(KEPT) ?? '[]');
let cleared = [];
const keep = () => sessionStorage.setItem(KEPT, JSON.stringify(scans));
const path = ({ gtin, lot, serial }) => `/01/${gtin}/${serial ? 21 : 10}/${encodeURIComponent(serial || lot)}`;

// A link leads to the passport where there is one.
function lead(link, scan) {
  if (scan.gtin && scan.verdict !== 'none') link.href = path(scan) + (scan.code ? `#h=${scan.code}` : '');
  else link.removeAttribute('href');
}

function row(scan) {
  const item = $('#row').content.cloneNode(true).firstElementChild;
  const [tone, icon] = ROWS[scan.verdict];
  const state = $('.state', item);
  state.classList.add(tone);
  $('use', state).setAttribute('href', icon);
  $('span', state).textContent = word(`row.${scan.verdict}`);
  item.dataset.verdict = scan.verdict;
  lead($('[data-f=name]', item), scan);
  $('[data-f=name]', item).textContent = scan.name;
  const ids = scan.gtin ? [scan.serial && `${words.serial[0]} ${scan.serial}`, scan.lot && `${words.lot[0]} ${scan.lot}`, `GTIN ${scan.gtin}`, scan.best && `${words.best[0]} ${scan.best}`] : [];
  $('[data-f=ids]', item).textContent = ids.filter(Boolean).map((text) => text.replaceAll(' ', '\u00a0')).join(' · ');
  $('[data-f=claimed]', item).textContent = scan.verdict === 'bad' && scan.best ? words.claimed[0] : '';
  $('[data-f=reason]', item).textContent = scan.verdict === 'good' ? '' : scan.reason;
  $('[data-f=at]', item).textContent = stamp(scan.at);
  $('[data-f=times]', item).textContent = scan.times > 1 ? `× ${scan.times}` : '';
  return item;
}

function show() {
  keep();
  $('#list').replaceChildren(...scans.map(row));
  $('#empty').hidden = scans.length > 0;
  $('#tools').hidden = !scans.length;
  $('#again').hidden = !scans.some((scan) => scan.verdict === 'part');
  const of = (...verdicts) => scans.filter((scan) => verdicts.includes(scan.verdict)).length;
  $('#count').textContent = scans.length ? word('count', { all: scans.length, good: of('good'), bad: of('bad'), rest: of('part', 'none', 'foreign') }) : '';
  const [newest] = scans;
  const band = $('.verdict');
  band.hidden = !newest;
  if (!newest) return;
  band.dataset.verdict = ['none', 'foreign'].includes(newest.verdict) ? 'none' : newest.verdict;
  $('#name').textContent = newest.name;
  $('#why').textContent = newest.reason ?? '';
  lead($('#open'), newest);
  $('#open').hidden = !$('#open').href;
}

let trust = null;
async function look(scan) {
  try {
    trust ??= await trustList();
    const { bytes } = await bundleOf(scan.code, `${path(scan)}/bundle.json`);
    const report = await judge(bytes, { trust, code: scan.code, goods: scan.goods });
    const product = report.credential?.credentialSubject.product;
    const more = product?.characteristics;
    scan.lot ||= `${product?.batchNumber ?? ''}`;
    const name = more?.names?.find((one) => one['@language'] === (english ? 'en' : 'zh'))?.['@value'];
    Object.assign(scan, { verdict: VERDICTS[report.verdict], reason: filled(why(words, report)[0], worstOf(report)?.params) });
    Object.assign(scan, { name: `${name ?? scan.name}`, best: `${more?.bestBefore ?? ''}` });
  } catch ({ status }) {
    Object.assign(scan, status === 404 ? { verdict: 'none', reason: word('unknown') } : { verdict: 'part', reason: word('not_loaded') });
  }
  show();
  announce(`${scan.name}: ${word(`row.${scan.verdict}`)}. ${scan.verdict === 'good' ? '' : scan.reason}`);
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(scan.verdict === 'good' ? 60 : [60, 60, 60]);
}

let queue = Promise.resolve();
function judgeLater(scan) {
  queue = queue.then(() => look(scan));
}

function add(found) {
  cleared = [];
  $('#undo').hidden = true;
  const known = scans.find((scan) => scan.key === found.key);
  if (known) {
    known.times += 1;
    show();
    announce(word('seen', { name: known.name }));
    return;
  }
  const { key, gtin, lot, serial, goods, code } = found;
  const scan = { key, gtin, lot, serial, goods, code, at: new Date().toISOString(), times: 1 };
  scans.unshift(scan);
  if (found.kind === 'passport') {
    Object.assign(scan, { verdict: 'wait', name: serial ? `${words.serial[0]} ${serial}` : `${words.lot[0]} ${lot}`, reason: word('wait') });
    show();
    judgeLater(scan);
  } else {
    Object.assign(scan, { verdict: 'foreign', name: found.host ?? found.found, reason: word(`foreign.${found.kind}`) });
    show();
    announce(`${word('row.foreign')}. ${scan.reason}`);
  }
}

// A code held in view is one scan, not thirty a second.
const held = new Map();
function seen(text) {
  const before = held.get(text) ?? -Infinity;
  held.set(text, performance.now());
  if (performance.now() - before > HELD_MS) add(read(text, origins));
}

// camera and photos; their module, and the reader with it, comes when it is wanted
async function reader() {
  try {
    const camera = await import('./camera.mjs');
    await camera.ready();
    return camera;
  } catch {
    trouble('reader');
    return null;
  }
}

let stop = null;
async function begin() {
  tell();
  page.dataset.camera = 'wait';
  const camera = await reader();
  if (!camera) return;
  try {
    stop = await camera.start($('video'), seen, trouble);
    page.dataset.camera = 'on';
    announce(word('camera.on'));
    $('#stop').focus();
  } catch (error) {
    trouble(error.code ?? 'unsupported');
  }
}

function end() {
  stop?.();
  stop = null;
  page.dataset.camera = 'off';
}

async function photos(files) {
  tell();
  const camera = await reader();
  if (!camera) return;
  for (const file of files) {
    try {
      const texts = await camera.textsInPhoto(file);
      if (!texts.length) tell(word('photo.empty', { name: file.name }), word('photo.empty.do'));
      texts.forEach((text) => add(read(text, origins)));
    } catch {
      tell(word('photo.unreadable', { name: file.name }), word('photo.unreadable.do'));
    }
  }
}

// taking the list along
const cell = (value) => {
  const text = `${value ?? ''}`;
  return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
};
function csv() {
  const heads = ['at', 'verdict', 'reason', 'name', 'serial', 'lot', 'gtin', 'best', 'code', 'times', 'key'];
  const lines = scans.map((scan) => heads.map((head) => (head === 'verdict' ? word(`row.${scan.verdict}`) : scan[head])));
  return `\ufeff${[heads.map((head) => words[`csv.${head}`][0]), ...lines].map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`;
}

function save() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([csv()], { type: 'text/csv' }));
  link.download = `scans-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function clear() {
  cleared = scans;
  scans = [];
  held.clear();
  show();
  $('#undo').hidden = false;
  $('#cleared').textContent = word('cleared', { count: cleared.length });
  $('#back').focus();
}

function undo() {
  [scans, cleared] = [cleared, []];
  $('#undo').hidden = true;
  show();
  announce(word('restored', { count: scans.length }));
}

function typed(event) {
  const [gtin, lot, serial] = ['gtin', 'lot', 'serial'].map((name) => event.target.elements[name].value.trim());
  const found = /[/(]/.test(gtin) ? read(gtin, origins) : ofGoods(gtin, lot, serial);
  if (!found) return;
  event.preventDefault();
  event.target.reset();
  add(found);
}

$('.verdict h2').removeAttribute('aria-live');
$('#start').addEventListener('click', begin);
$('#stop').addEventListener('click', () => { end(); $('#start').focus(); });
$('#photo').addEventListener('change', ({ target }) => photos([...target.files]).then(() => { target.value = ''; }));
$('#save').addEventListener('click', save);
$('#clear').addEventListener('click', clear);
$('#back').addEventListener('click', undo);
$('#again').addEventListener('click', () => scans.filter((scan) => scan.verdict === 'part').forEach(judgeLater));
$('form[action="/verify"]').addEventListener('submit', typed);
addEventListener('pagehide', end);
for (const scan of scans) if (scan.verdict === 'wait') judgeLater(scan);
show();
$('#start').disabled = $('#photo').disabled = false;
if (!isSecureContext) trouble('insecure');
