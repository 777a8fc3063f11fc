// Shows what verify.mjs finds. Every fact on the page is replaced by that of the checked bytes, always as text.
import { bundleOf, judge, toHex, trustList, why, wording, worstOf } from './judging.mjs';

const $ = (selector, root = document) => root.querySelector(selector);
const page = $('#passport');
const words = JSON.parse($('#words').textContent);
const english = document.documentElement.lang === 'en';
const band = $('.verdict');
const GROUPS = { content: ['structure', 'goods', 'fingerprint', 'signature', 'issuer'], validity: ['validity', 'status'], anchor: ['inclusion', 'anchor'], files: ['documents'] };
const TONES = { ok: 'good', failed: 'bad', not_checked: 'off', not_asked: 'off' };
const ICONS = { good: '#i-okc', bad: '#i-bad', off: '#i-skip' };
const files = new Map();

// writing
const { stamp, filled } = wording(page.dataset.zone);
const short = (text) => (text.length > 20 ? `${text.slice(0, 8)}...${text.slice(-8)}` : text);

function write(node, texts, { values, inline, quiet } = {}) {
  const parts = texts.map((text, at) => {
    if (texts.length < 2) return filled(text, values);
    const span = document.createElement('span');
    span.lang = at ? 'en' : 'zh-CN';
    span.className = inline ? (at && quiet ? 'vh' : '') : 'bi';
    span.textContent = filled(text, values);
    return span;
  });
  node.replaceChildren(...parts.flatMap((part, at) => (at && inline ? [' ', part] : [part])));
}

const both = (zh, en) => (english ? [en || zh] : [...new Set([zh, en].filter(Boolean))]);
const split = (name = '·') => both(...`${name}`.split(' / ', 2));
const say = (check) => words[`${check.code}.${check.id}`] ?? words[check.code] ?? [check.code];
const put = (root, name, texts, options) => root.querySelectorAll(`[data-f="${name}"]`).forEach((node) => write(node, texts, options));
const add = (node, tag, name, text) => {
  const child = document.createElement(tag);
  child.className = name;
  child.textContent = text;
  node.append(child);
};

function paint(node, tone) {
  node.className = node.className.replace(/\b(good|bad|off|muted)\b/g, '').trim();
  node.classList.add(tone === 'off' && !node.classList.contains('state') ? 'muted' : tone);
  $('use', node).setAttribute('href', ICONS[tone]);
}

// facts
function face(credential) {
  const { product, conformityClaim = [], traceabilityInformation = [] } = credential.credentialSubject;
  const more = product.characteristics;
  const named = (tongue) => more.names.find((name) => name['@language'] === tongue)?.['@value'];
  return {
    name: both(named('zh'), named('en')), producer: split(product.producedByParty?.name), issuer: split(credential.issuer.name),
    lot: [product.batchNumber], serial: [product.serialNumber ?? '·'], gtin: [more.gtin], made: [product.productionDate ?? '·'], best: [more.bestBefore ?? '·'],
    issued: [stamp(credential.validFrom)], until: [stamp(credential.validUntil)],
    papers: conformityClaim.map((claim) => {
      const kind = claim.certificate ? 'certificate' : 'inspection';
      const { number, issuingBody, laboratory, validUntil, file } = claim[kind];
      const source = [number, issuingBody ?? laboratory, validUntil && `→ ${validUntil}`].filter(Boolean).join(' · ');
      return { title: words[`paper.${kind}`], number, source, sha: /[0-9a-f]{64}$/.exec(file)?.[0] ?? `${claim.conformityEvidence.hashDigest}` };
    }),
    events: traceabilityInformation.flatMap((trace) => trace.event).map((event) => {
      const [count] = event.quantityList ?? [];
      const much = count && `${count.quantity} ${words[`unit.${count.uom}`] ?? count.uom}`;
      const where = [split(event.bizLocation?.name).join(' '), much, event.document].filter(Boolean).join(' · ');
      return { step: words[`step.${event.bizStep}`] ?? [event.bizStep], where, at: stamp(event.eventTime) };
    }),
  };
}

function list(id, items, fill) {
  const node = $(id);
  node.replaceChildren(...items.map((item) => {
    const row = node.nextElementSibling.content.cloneNode(true).firstElementChild;
    fill(row, item);
    return row;
  }));
}

function showFacts(facts) {
  for (const [name, texts] of Object.entries(facts)) if (name !== 'papers' && name !== 'events') put(document, name, texts);
  list('#docs', facts.papers, (row, paper) => {
    row.dataset.sha = paper.sha;
    put(row, 'title', paper.title);
    put(row, 'number', [paper.number]);
    put(row, 'source', [paper.source]);
    put(row, 'sha', [`sha256 ${short(paper.sha)}`]);
  });
  list('#way', facts.events, (row, event) => {
    put(row, 'step', event.step);
    put(row, 'where', [event.where]);
    put(row, 'at', [event.at]);
  });
  $('#no-way').hidden = facts.events.length > 0;
}

// checks
const DETAILS = {
  signature: ({ created }) => created && stamp(created),
  issuer: ({ did }) => did,
  validity: ({ from, until }) => from && `${stamp(from)} → ${stamp(until ?? '')}`,
  status: ({ reason }) => reason,
  inclusion: ({ leafIndex, treeSize }) => treeSize && `${leafIndex + 1} / ${treeSize}`,
  anchor: ({ block, time, chainId, rpc }) => (time ? `${words.block[0]} ${block} · ${stamp(time)} · ${words.chain[0]} ${chainId}` : rpc),
};

function showCheck(check) {
  const row = $(`#c-${check.id}`);
  row.hidden = { structure: 'ok', goods: 'ok', status: 'not_asked' }[check.id] === check.state;
  const body = $('div', row);
  write(body, say(check), { values: check.params });
  const { fingerprint, expected, found } = check.params;
  const detail = fingerprint ? short(toHex(fingerprint)) : DETAILS[check.id]?.(check.params);
  if (detail) add(body, 'div', 'small mono muted', detail);
  check.params.proofs?.forEach(({ suite, state, code }) => {
    const told = words[state === 'ok' ? 'state.ok' : code] ?? [code];
    add(body, 'div', `small ${state === 'failed' ? 'bad' : 'muted'}`, `${suite}: ${told.join(' ')}`);
    if (code === 'suite_needs_linked_data') {
      add(body, 'button', 'btn slim', words.reader.join(' '));
      body.lastChild.onclick = readMeaning;
    }
  });
  if (check.code === 'fingerprint_mismatch') {
    add(body, 'div', 'small mono muted', `${words.printed[0]} ${short(expected)}`);
    add(body, 'div', 'small mono bad', `${words.content[0]} ${short(found)}`);
  }
  const state = $('.state', row);
  paint(state, TONES[check.state]);
  const label = document.createElement('span');
  write(label, words[`state.${check.state}`], { inline: true, quiet: true });
  state.replaceChildren($('svg', state), label);
}

const adviceFor = ({ state, code }) => {
  if (state === 'failed') return { expired: 'ended', not_yet_valid: 'ended', suspended: 'held', unknown_document: 'file' }[code] ?? 'aside';
  return ['no_webcrypto', 'no_ed25519'].includes(code) ? 'browser' : 'later';
};

function showGroup(name, checks, worst) {
  const node = $(`#g-${name}`);
  const states = checks.map((check) => check.state);
  const state = ['failed', 'not_checked', 'ok'].find((one) => states.includes(one)) ?? 'not_asked';
  paint($('[data-slot=icon]', node), TONES[state]);
  const result = $('[data-slot=result]', node);
  result.className = `res ${state === 'ok' ? 'good' : state === 'failed' ? 'bad' : 'muted'}`;
  write(result.firstElementChild, words[`state.${state}`], { inline: true });
  $('.advice.now', node)?.remove();
  if (checks.includes(worst)) {
    node.open = true;
    const box = document.createElement('div');
    box.className = 'advice now';
    write(box, words[`advice.${adviceFor(worst)}`]);
    node.append(box);
  }
}

const chainKind = ({ checks }) => checks.find(({ id }) => id === 'anchor').params.kind;

function show(report, facts, seconds) {
  const { checks } = report;
  const verdict = { valid: 'good', invalid: 'bad', partial: 'part' }[report.verdict];
  const open = checks.filter((check) => check.state === 'not_checked');
  const worst = worstOf(report);
  checks.forEach(showCheck);
  for (const [name, ids] of Object.entries(GROUPS)) showGroup(name, checks.filter((check) => ids.includes(check.id)), worst);
  const kind = chainKind(report);
  $('#kind').hidden = !kind;
  if (kind) write($('#kind'), words[`kind.${kind}`] ?? [kind]);
  write($('#why'), why(words, report), { values: worst?.params });
  const line = [
    { good: words.just, bad: worst && [...new Set([`${words.first[0]}: ${say(worst)[0]}`])], part: [`${words.left[0]}: ${open.length}`] }[verdict],
    [stamp(asOf.toISOString())],
    [`${words.here[0]} ${seconds.toFixed(1)} s`],
  ];
  $('#by').replaceChildren(...line.map((texts) => {
    const span = document.createElement('span');
    write(span, texts, { inline: true, values: worst?.params });
    return span;
  }));
  const claimed = verdict === 'bad' || !facts;
  $('#facts').classList.toggle('claimed', claimed);
  if (claimed) write($('#facts-t'), words.claimed, { inline: true });
  document.title = `${words[verdict][0]} · ${facts ? facts.name[0] : ''} · ${words.brand[0]}`;
  band.dataset.verdict = verdict;
}

// loading and judging
// What is said only when something is amiss is fetched then; should that fail too, the check's code stands there.
async function allWords() {
  const answer = await fetch(page.dataset.words).catch(() => null);
  if (answer?.ok) Object.assign(words, await answer.json());
}

let linkedData;
async function readMeaning() {
  this.disabled = true;
  linkedData = (await import('./meaning.mjs')).meaningReader();
  run();
}

const printed = () => /^#h=(.+)$/.exec(location.hash)?.[1] ?? null;

function failure(state, code) {
  const ids = Object.values(GROUPS).flat();
  const checks = ids.map((id) => ({ id, state: id === 'structure' ? state : 'not_checked', code: id === 'structure' ? code : 'not_reached', params: {} }));
  return { verdict: state === 'failed' ? 'invalid' : 'partial', checks };
}

let asOf;
let turn = 0;
async function run() {
  const day = $('#day').value;
  asOf = day ? new Date(`${day}T23:59:59`) : new Date();
  const mine = ++turn;
  const begun = performance.now();
  band.dataset.verdict = 'wait';
  write($('#why'), words.wait);
  let report;
  let facts = null;
  try {
    const code = printed();
    const goods = decodeURIComponent(location.pathname.slice(4));
    const [{ bytes, byCode }, trust] = await Promise.all([bundleOf(code, page.dataset.bundle), trustList()]);
    $('#newer').hidden = !byCode || code === page.dataset.newest;
    const asked = { trust, code, goods, asOf, files: [...files].map(([name, one]) => ({ name, bytes: one })), linkedData };
    report = await judge(bytes, asked);
    try {
      facts = report.credential ? face(report.credential) : null;
    } catch {
      report = failure('failed', 'malformed_bundle');
    }
  } catch {
    report = failure('not_checked', 'not_loaded');
  }
  if (report.verdict !== 'valid' || !words[`kind.${chainKind(report)}`]) await allWords();
  if (mine !== turn) return;
  if (facts) showFacts(facts);
  const [id] = /[0-9a-f-]{36}$/.exec(report.credential?.id) ?? [];
  if (id) $('#each').href = `/credentials/${id}#linked`;
  show(report, facts, (performance.now() - begun) / 1000);
  marks.forEach(mark);
}

// files in hand
const marks = new Map();

function mark(known, sha) {
  const row = [...$('#docs').children].find((one) => one.dataset.sha === sha);
  if (row) write($('[data-f=match]', row), words[known ? 'matches' : 'differs'], { inline: true });
  if (row) $('[data-f=match]', row).className = `state ${known ? 'good' : 'bad'}`;
}

async function compare(chosen, row) {
  if (!chosen.length || !globalThis.crypto?.subtle) return run();
  files.clear();
  marks.clear();
  const listed = [...$('#docs').children].map((one) => one.dataset.sha);
  for (const file of chosen) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const sha = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    files.set(file.name, bytes);
    if (listed.includes(sha)) marks.set(sha, true);
    else if (row) marks.set(row.dataset.sha, false);
  }
  return run();
}

document.addEventListener('change', ({ target }) => {
  if (target.type === 'file') compare([...target.files], target.closest('[data-sha]'));
  if (target.type === 'date') run();
});
for (const name of ['dragover', 'drop']) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    if (name === 'drop') compare([...event.dataTransfer.files], event.target.closest?.('[data-sha]'));
  });
}
// what this page was made of is kept, so that it opens again without a network
async function keep() {
  const shelf = await navigator.serviceWorker?.register('/passport-worker.js', { scope: '/01/' }).catch(() => null);
  if (!shelf) return;
  const made = performance.getEntriesByType('resource').map(({ name }) => name);
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage([`${location.pathname}?lang=${english ? 'en' : 'zh'}`, page.dataset.words, ...made]);
}

$('#again').addEventListener('click', run);
addEventListener('hashchange', () => { if (printed()) run(); });
run().then(keep);
