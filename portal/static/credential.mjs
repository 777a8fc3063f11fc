// Checks one credential of any kind, and on demand each one it links: a link holds only to the very credential whose
// fingerprint the checked text names.
import { why, trustList, worstOf, wording } from './judging.mjs';
import { fromMultibase, toHex, verifyBundle } from './verify.mjs';

const $ = (selector, root = document) => root.querySelector(selector);
const page = $('#credential');
const words = JSON.parse($('#words').textContent);
const { filled } = wording(page.dataset.zone);
const NAMES = { valid: 'good', invalid: 'bad', partial: 'part' };
const TONES = { ok: 'good', failed: 'bad', not_checked: 'off', not_asked: 'off' };

function write(node, texts, values) {
  node.replaceChildren(...texts.map((text, at) => {
    const span = document.createElement('span');
    if (texts.length > 1) span.className = 'bi';
    if (texts.length > 1) span.lang = at ? 'en' : 'zh-CN';
    span.textContent = filled(text, values);
    return span;
  }));
}

const sentence = (check) => words[`${check.code}.${check.id}`] ?? words[check.code] ?? [check.code];

function showCheck(check) {
  const row = $(`#c-${check.id}`);
  if (!row) return;
  row.hidden = check.state === 'not_asked';
  write($('div', row), sentence(check), check.params);
  const state = $('.state', row);
  state.className = `state ${TONES[check.state]}`;
  state.textContent = words[`state.${check.state}`].join(' ');
}

async function checked(address, code, trust) {
  const answer = await fetch(address);
  if (!answer.ok) throw new TypeError(answer.statusText);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return verifyBundle(bytes, { trust, rpc: new URL('/chain', location).href, expectedHash: code });
}

function named(credential) {
  const found = new Map();
  for (const { id, mediaType, digestMultibase } of credential.relatedResource ?? []) {
    // A SHA-256 multihash: two bytes of prefix, then the digest.
    if (mediaType === 'application/vc') found.set(id.slice(-36), toHex(fromMultibase(digestMultibase)).slice(4));
  }
  return found;
}

const base64url = (hex) => btoa(String.fromCharCode(...hex.match(/../g).map((pair) => parseInt(pair, 16)))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

async function showLinked(row, digests, trust) {
  const state = $('.state', row);
  state.className = 'state';
  state.textContent = '…';
  try {
    const digest = digests.get(row.dataset.id);
    if (!digest) throw new TypeError('not named');
    const report = await checked(`/bundles/${digest}.json`, base64url(digest), trust);
    const verdict = NAMES[report.verdict];
    state.className = `state ${verdict === 'part' ? 'off' : verdict}`;
    const worst = report.verdict === 'valid' ? null : worstOf(report);
    state.textContent = [words[verdict].join(' '), worst && filled(sentence(worst).at(-1), worst.params)].filter(Boolean).join(': ');
  } catch {
    state.className = 'state off';
    state.textContent = words['not_loaded'].join(' ');
  }
}

async function run() {
  const band = $('.verdict');
  band.dataset.verdict = 'wait';
  write($('#why'), words.wait);
  try {
    const trust = await trustList();
    const report = await checked(page.dataset.bundle, page.dataset.code, trust);
    report.checks.forEach(showCheck);
    write($('#why'), why(words, report), worstOf(report)?.params);
    band.dataset.verdict = NAMES[report.verdict];
    if (!report.credential) return;
    $('#signed').textContent = JSON.stringify(report.credential, null, 1);
    const digests = named(report.credential);
    $('#linked')?.addEventListener('click', ({ target }) => {
      const button = target.closest('button');
      if (button) showLinked(button.closest('li'), digests, trust);
    });
  } catch {
    band.dataset.verdict = 'part';
    write($('#why'), words['not_loaded']);
  }
}

run();
