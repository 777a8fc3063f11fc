// The offline verifier's page: takes files and a block's hash from its reader, judges, and shows every check.
// portal/web/offline_verifier.py puts it and the verifier into one file. Whatever a file says is shown as text only.
import { linkedDataReader } from './linkeddata.mjs';
import { parseStrict, verifyBundle } from './verify.mjs';
import { verifyPack } from './pack.mjs';

const $ = (selector, root = document) => root.querySelector(selector);
const words = JSON.parse($('#words').textContent);
const TONES = { ok: 'good', failed: 'bad', not_checked: 'off', not_asked: 'off' };
const VERDICTS = { valid: 'good', invalid: 'bad', partial: 'part' };
const held = { passport: null, trust: null };

// jsonld.js and every context stand in the page itself
const contexts = JSON.parse($('#contexts').textContent);
const linkedData = linkedDataReader((file) => contexts[file], async () => globalThis.jsonld);

// connections: none, or the one origin that the address names; a policy can only be made stricter
const rpc = new URLSearchParams(location.hash.slice(1)).get('rpc');
const policy = document.createElement('meta');
policy.httpEquiv = 'Content-Security-Policy';
policy.content = `connect-src ${rpc ? new URL(rpc).origin : "'none'"}`;
document.head.append(policy);

// writing: Chinese and English stand side by side, the sheet hides one of them
const stamp = (value) => (/^\d{4}-\d\d-\d\dT.*Z$/.test(value) ? new Date(value).toLocaleString('sv-SE').slice(0, 16) : `${value ?? '·'}`);
const filled = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => stamp(values[name]));

function make(tag, name, ...content) {
  const node = document.createElement(tag);
  node.className = name;
  node.append(...content);
  return node;
}

const said = (texts, values, name = 'bi') => texts.map((text, at) => {
  const span = make('span', texts.length > 1 ? name : '', filled(text, values));
  if (texts.length > 1) span.lang = at ? 'en' : 'zh-CN';
  return span;
});
const inline = (texts, values) => said(texts, values, '').flatMap((span, at) => (at ? [' ', span] : [span]));
const write = (node, texts, values) => node.replaceChildren(...said(texts, values));

function icon(tone) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.classList.add('ic');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', { good: '#i-okc', bad: '#i-bad', down: '#i-down' }[tone] ?? '#i-skip');
  svg.append(use);
  return svg;
}

// one check
const proofLine = ({ suite, state, code }) => {
  const reason = state === 'ok' ? [] : [' · ', ...inline(words[code] ?? [code])];
  return make('div', state === 'failed' ? 'bad' : '', `${suite} `, ...inline(words[`state.${state}`]), ...reason);
};

function detailOf({ id, state, params }) {
  if (id === 'signature' && params.proofs) return params.proofs.map(proofLine);
  if (id === 'issuer') return [params.did];
  if (id === 'validity' && params.from) return [`${stamp(params.from)} → ${stamp(params.until)}`];
  if (id === 'inclusion' && params.treeSize) return [`${params.leafIndex + 1} / ${params.treeSize}`];
  if (id === 'anchor' && state === 'ok') return [...inline(words.block), ` ${params.block} · ${stamp(params.time)} · `, ...inline(words.chain), ` ${params.chainId}`];
  if (id === 'documents' && state === 'ok') return [`${params.matched} / ${params.listed}`];
  return [params.fingerprint ?? params.file ?? ''];
}

function line(check) {
  const { id, state, code, params } = check;
  const what = words[`${code}.${id}`] ?? words[code] ?? [code];
  const body = make('div', '', ...(state === 'not_asked' ? said(words[`check.${id}`]) : said(what, params)));
  const detail = make('div', 'small mono muted', ...detailOf(check));
  if (detail.textContent) body.append(detail);
  if (params.provenAt !== undefined) body.append(make('div', 'small muted', ...inline(words.proven, params)));
  const kind = id === 'anchor' && words[`kind.${params.kind}`];
  if (kind) body.append(make('div', 'small muted', ...said(kind)));
  const told = make('span', `state ${TONES[state]}`, icon(TONES[state]), make('span', '', ...inline(words[`state.${state}`])));
  return make('li', '', body, told);
}

// one passport
function factsOf({ credential, name }) {
  const facts = { issuer: credential?.issuer.name, from: credential && stamp(credential.validFrom), until: credential?.validUntil && stamp(credential.validUntil) };
  const product = [credential?.credentialSubject].flat()[0]?.product;
  Object.assign(facts, { serial: product?.serialNumber, lot: product?.batchNumber, gtin: product?.characteristics?.gtin, id: credential?.id, fingerprint: name && `sha256 ${name.slice(8, 72)}` });
  const list = make('dl', 'facts');
  for (const key of ['serial', 'lot', 'gtin', 'issuer', 'from', 'until', 'id', 'fingerprint']) {
    if (typeof facts[key] === 'string') list.append(make('div', '', make('dt', '', ...inline(words[`fact.${key}`])), make('dd', key === 'id' || key === 'fingerprint' ? 'small mono' : '', facts[key])));
  }
  return list;
}

function titleOf({ credential, name = '' }) {
  const product = [credential?.credentialSubject].flat()[0]?.product;
  const named = product?.characteristics?.names;
  const texts = Array.isArray(named) ? ['zh', 'en'].map((tongue) => named.find((one) => one?.['@language'] === tongue)?.['@value']) : [];
  const shown = texts.filter((text) => typeof text === 'string' && text);
  if (shown.length) return said([...new Set(shown)]);
  const kind = credential && [credential.type].flat().find((one) => words[`kind.${one}`]);
  return kind ? said(words[`kind.${kind}`]) : [name.slice(8, 24) || '·'];
}

function section(report, open) {
  const tone = VERDICTS[report.verdict];
  const node = document.createElement('details');
  node.className = 'check';
  node.open = open;
  const mark = make('span', tone === 'part' ? 'muted' : tone, icon(tone));
  const result = make('span', `res ${tone === 'part' ? 'muted' : tone}`, make('span', '', ...inline(words[tone])), icon('down'));
  const facts = factsOf(report);
  facts.classList.toggle('claimed', tone === 'bad');
  node.append(make('summary', ''), make('ul', 'steps', ...report.checks.map(line)), facts);
  node.firstChild.append(mark, make('span', '', make('b', '', ...titleOf(report))), result);
  return node;
}

// the whole
function why({ verdict, pack, bundles }) {
  if (pack && pack.state !== 'ok') return [words['why.pack']];
  const count = bundles.length;
  if (count > 1) {
    if (verdict === 'valid') return [words['why.all'], { count }];
    const of = (one) => bundles.filter((bundle) => bundle.verdict === one).length;
    return [words['why.worst'], { count, bad: of('invalid'), open: of('partial') }];
  }
  if (verdict === 'valid') return [words['why.good']];
  const worst = ['failed', 'not_checked'].map((state) => bundles[0].checks.find((check) => check.state === state)).find(Boolean);
  const known = words[`why.${worst.code}`] ?? (worst.state === 'failed' ? words[`why.${worst.id}`] ?? words['why.changed'] : words['why.part']);
  return [known, worst.params];
}

function show(report, seconds, asOf) {
  const band = $('.verdict');
  const { verdict, pack, bundles } = report;
  write($('#why'), ...why(report));
  $('#by').replaceChildren(...[
    [words.at, { day: asOf.toISOString() }], [words.here.map((text) => `${text} ${seconds.toFixed(1)} s`)],
  ].map(([texts, values]) => make('span', '', ...inline(texts, values))));
  const own = pack ? [make('ul', 'docs', line(pack))] : [];
  $('#reports').replaceChildren(...own, ...bundles.map((one, at) => section(one, at === 0 || one.verdict === 'invalid')));
  $('#empty').hidden = true;
  band.dataset.verdict = VERDICTS[verdict];
}

const endOf = (day) => (day ? new Date(`${day}T23:59:59`) : new Date());
const hashes = () => $('#block').value.trim().toLowerCase().split(/[\s,]+/).filter(Boolean).map((text) => (text.startsWith('0x') ? text : `0x${text}`));

let turn = 0;
async function judge() {
  const bad = hashes().some((hash) => !/^0x[0-9a-f]{64}$/.test(hash));
  $('#block').closest('.field').classList.toggle('wrong', bad);
  if (!held.passport) return;
  const mine = ++turn;
  const begun = performance.now();
  const asOf = endOf($('#day').value);
  $('.verdict').dataset.verdict = 'wait';
  write($('#why'), words.wait);
  const { bytes } = held.passport;
  const asked = { trust: held.trust, rpc, asOf, linkedData };
  const zip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const report = zip
    ? await verifyPack(bytes, { ...asked, blocks: bad ? [] : hashes() })
    : await verifyBundle(bytes, asked).then((one) => ({ verdict: one.verdict, bundles: [one] }));
  if (mine === turn) show(report, (performance.now() - begun) / 1000, asOf);
}

// taking
function readTrust(bytes) {
  try {
    const list = parseStrict(new TextDecoder('utf-8', { fatal: true }).decode(bytes), 8 << 20);
    const whole = list.trust === 'tallystick-trust/1' && list.issuers.every(({ did, name, didDocument, anchors }) => (
      typeof did === 'string' && typeof name === 'string' && didDocument.id === did && Array.isArray(anchors)));
    return whole ? list : null;
  } catch {
    return null;
  }
}

async function take(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const list = readTrust(bytes);
  if (list) {
    held.trust = list;
    write($('#trust-name'), words['trust.good'], { count: list.issuers.length });
  } else {
    held.passport = { name: file.name, bytes };
    $('#passport-name').textContent = file.name;
  }
  return list;
}

$('#passport').addEventListener('change', async ({ target }) => {
  for (const file of target.files) await take(file);
  judge();
});
$('#trust').addEventListener('change', async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  const list = readTrust(new Uint8Array(await file.arrayBuffer()));
  held.trust = list;
  write($('#trust-name'), words[list ? 'trust.good' : 'trust.bad'], { count: list?.issuers.length });
  judge();
});
for (const name of ['dragover', 'drop']) {
  document.addEventListener(name, async (event) => {
    event.preventDefault();
    if (name === 'dragover') return;
    for (const file of [...event.dataTransfer.files]) await take(file);
    judge();
  });
}
for (const id of ['#block', '#day']) $(id).addEventListener('change', judge);
$('#rpc').value = rpc ?? '';
$('#rpc').addEventListener('change', ({ target }) => {
  // A policy cannot be widened: another endpoint means a fresh page.
  location.hash = target.value ? new URLSearchParams({ rpc: target.value }).toString() : '';
  location.reload();
});
$('#day').max = new Date().toLocaleDateString('sv-SE');

// language
function speak(lang) {
  document.documentElement.lang = lang;
  for (const link of document.querySelectorAll('[data-lang]')) {
    if (link.dataset.lang === lang) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}
for (const link of document.querySelectorAll('[data-lang]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault();
    speak(link.dataset.lang);
  });
}
if (!navigator.language.startsWith('zh')) speak('en');
write($('#passport-name'), words['none.passport']);
write($('#trust-name'), words['none.trust']);
