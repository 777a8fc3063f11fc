// Checks a passport in the reader's own browser. Twin of ledger/verify.py: same steps, states and codes, held
// together by tests/vectors/bundles. WebCrypto only, no dependency; never touches the page.

import { checkStatus } from './status.mjs';

export const CHECKS = 'structure fingerprint signature issuer validity status inclusion anchor documents'.split(' ');
const KINDS = ['ProductPassport', 'ConformityCredential', 'TraceabilityEvent', 'FacilityRecord', 'IdentityAnchor'].map((kind) => `Digital${kind}`);
const VC = 'https://www.w3.org/ns/credentials/v2';
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
export const utf8 = new TextEncoder();

class Outcome extends Error {
  constructor(state, code, params = {}) {
    super(code);
    Object.assign(this, { state, code, params });
  }
}
export const fail = (code, params) => { throw new Outcome('failed', code, params); };
export const gap = (code, params) => { throw new Outcome('not_checked', code, params); };
export const need = (truth, code = 'malformed_bundle') => truth || fail(code);
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = Array.isArray;
export const isText = (value) => typeof value === 'string';

// strict JSON: what another parser could understand differently is refused
const TOKEN = /[ \t\n\r]*(?:([{}[\],:])|("[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\x00-\x1f]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null))/y;

export function parseStrict(text, maxBytes = 1 << 20) {
  need(utf8.encode(text).length <= maxBytes, 'too_large');
  let token;
  const next = () => {
    token = TOKEN.exec(text);
    need(token, 'not_json');
    return token[1];
  };
  const value = () => {
    if (token[2] || token[4]) return JSON.parse(token[2] || token[4]);
    if (token[3]) {
      const number = Number(token[3]);
      need(Number.isSafeInteger(number) || number % 1, 'unsafe_number');
      return number;
    }
    if (token[1] === '[') return list();
    need(token[1] === '{', 'not_json');
    return object();
  };
  let room = 64;
  const until = (end, item) => {
    need(room--, 'too_deep');
    if (next() !== end) {
      for (;;) {
        item();
        if (next() === end) break;
        need(token[1] === ',', 'not_json');
        next();
      }
    }
    room += 1;
  };
  const list = () => {
    const items = [];
    until(']', () => items.push(value()));
    return items;
  };
  const object = () => {
    const members = Object.create(null);
    let twice = false;
    until('}', () => {
      need(token[2], 'not_json');
      const name = JSON.parse(token[2]);
      need(next() === ':', 'not_json');
      next();
      const item = value();
      twice ||= name in members;
      members[name] = item;
    });
    need(!twice, 'duplicate_key');
    return members;
  };
  const walk = (node) => {
    if (isText(node)) need(!/\p{Cs}/u.test(node), 'lone_surrogate');
    else if (isList(node)) node.forEach(walk);
    else if (isObject(node)) Object.entries(node).flat().forEach(walk);
  };
  TOKEN.lastIndex = 0;
  next();
  const result = value();
  need(/^[ \t\n\r]*$/.test(text.slice(TOKEN.lastIndex)), 'not_json');
  walk(result);
  return result;
}

// RFC 8785: its numbers and texts are defined by this very engine
export function canonical(value) {
  if (isList(value)) return `[${value.map(canonical)}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
}

// bytes
export const join = (...parts) => {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
};
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
export const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest('SHA-256', isText(data) ? utf8.encode(data) : data));

export function fromMultibase(text) {
  if (!isText(text) || !/^z[1-9A-HJ-NP-Za-km-z]{1,140}$/.test(text)) throw new TypeError('multibase');
  let number = 0n;
  for (const digit of text.slice(1)) number = number * 58n + BigInt(BASE58.indexOf(digit));
  const hex = number ? number.toString(16) : '';
  const zeros = /^z(1*)/.exec(text)[1].length;
  return join(new Uint8Array(zeros), fromHex(hex.length % 2 ? `0${hex}` : hex));
}

export const instant = (text) => {
  const good = isText(text) && /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text);
  const moment = good ? new Date(text) : NaN;
  if (!(moment.valueOf() >= -1e15) || moment.toISOString() !== text.replace('Z', '.000Z')) throw new TypeError('instant');
  return moment.valueOf();
};
const toInstant = (ms) => new Date(ms).toISOString().replace(/\.\d+Z/, 'Z');

// 1. structure
export const hex = (value, size, prefix = '') => need(isText(value) && new RegExp(`^${prefix}[0-9a-f]{${2 * size}}$`).test(value));
const number = (value) => need(Number.isSafeInteger(value) && value >= 0);
export const members = (value, names) => need(isObject(value) && Object.keys(value).sort().join() === names.split(' ').sort().join());

function readInclusion(value) {
  members(value, 'tree leafIndex treeSize root path');
  need(value.tree === 'rfc9162-sha256' && isList(value.path) && value.path.length <= 64);
  number(value.leafIndex);
  number(value.treeSize);
  hex(value.root, 32);
  value.path.forEach((step) => hex(step, 32));
}

function readAnchor(value) {
  members(value, 'chainId genesis contract stream seq transaction blockNumber blockHash blockTime');
  ['chainId', 'seq', 'blockNumber'].forEach((name) => number(value[name]));
  ['genesis', 'stream', 'transaction', 'blockHash'].forEach((name) => hex(value[name], 32, '0x'));
  hex(value.contract, 20, '0x');
  instant(value.blockTime);
}

function readProofs({ inclusion, anchor }) {
  if (inclusion !== null) readInclusion(inclusion);
  if (anchor !== null) readAnchor(anchor);
  need(inclusion || !anchor);
}

function readCredential(value) {
  need(isObject(value));
  const subjects = [value.credentialSubject].flat();
  need(subjects.length && subjects.every(isObject));
  need(isList(value['@context']) && value['@context'][0] === VC);
  need(isList(value.type) && value.type.includes('VerifiableCredential') && value.type.some((kind) => KINDS.includes(kind)));
  need(isObject(value.issuer) && isText(value.issuer.id) && /^did:[^#]*$/.test(value.issuer.id));
  instant(value.validFrom);
  if ('validUntil' in value) instant(value.validUntil);
}

function readBundle(data) {
  let text = data;
  if (!isText(data)) {
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
    } catch {
      fail('not_utf8');
    }
  }
  const bundle = parseStrict(text);
  try {
    members(bundle, `bundle credential didDocument inclusion anchor${'status' in bundle ? ' status' : ''}`);
    need(bundle.bundle === 'tallystick-bundle/1' && isObject(bundle.didDocument));
    readCredential(bundle.credential);
    readProofs(bundle);
    const { status = [] } = bundle;
    need(isList(status) && status.length <= 16);
    for (const part of status) {
      members(part, 'credential inclusion anchor');
      need(isObject(part.credential));
      readProofs(part);
    }
  } catch (error) {
    fail('malformed_bundle', { detail: error.message });
  }
  return bundle;
}

// 2. fingerprint
async function checkFingerprint({ credential }, expected) {
  const digest = await sha256(canonical(credential));
  const found = btoa(String.fromCharCode(...digest)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  if (found !== expected) fail('fingerprint_mismatch', { expected, found });
  return { fingerprint: found };
}

// 3. signature: every proof of the set
const LINKED = { 'eddsa-jcs-2022': false, 'ecdsa-jcs-2019': false, 'eddsa-rdfc-2022': true, 'ecdsa-rdfc-2019': true };
const PROOF = 'created cryptosuite proofPurpose proofValue type verificationMethod';

function readProof(document, proof) {
  need(proof.type === 'DataIntegrityProof', 'malformed_proof');
  const { proofValue, ...config } = proof;
  const suite = config.cryptosuite;
  need(isText(suite) && Object.hasOwn(LINKED, suite), 'unknown_suite');
  const linked = LINKED[suite];
  const names = Object.keys(proof).filter((name) => name !== 'nonce').sort().join(' ');
  need(names === (linked ? PROOF : `@context ${PROOF}`) && proof.proofPurpose === 'assertionMethod', 'malformed_proof');
  need(linked || canonical(proof['@context']) === canonical(document['@context']), 'context_differs');
  try {
    const signature = fromMultibase(proofValue);
    need([64, 96].includes(signature.length) && isText(proof.verificationMethod));
    return { config, linked, signature, created: instant(proof.created), method: proof.verificationMethod };
  } catch {
    return fail('malformed_proof');
  }
}

function readKey(document, id, curves) {
  try {
    const did = id.split('#')[0];
    need(document.id === did && isList(document.assertionMethod) && document.assertionMethod.includes(id));
    const found = document.verificationMethod.filter((entry) => isObject(entry) && entry.id === id);
    const [method] = found;
    need(found.length === 1 && method.type === 'Multikey' && method.controller === did);
    const key = fromMultibase(method.publicKeyMultibase);
    const ends = ['expires', 'revoked'].filter((name) => name in method).map((name) => instant(method[name]));
    const end = Math.min(...ends);
    if (curves) return { ...curves.curveKey(key), end };
    need(key.length === 34 && key[0] === 0xed && key[1] === 1);
    return { key: key.slice(2), use: 'Ed25519', hash: 'SHA-256', end };
  } catch {
    return fail('unknown_key', { method: id });
  }
}

async function checkProof(document, proof, { didDocument, asOf, anchoredAt, linkedData }) {
  const { config, linked, signature, created, method } = readProof(document, proof);
  if (method.split('#')[0] !== document.issuer.id) fail('key_not_of_issuer', { method });
  const curves = config.cryptosuite.startsWith('ec') && await import('./curves.mjs').catch(() => gap('suite_not_loaded'));
  const { key, use, hash, end } = readKey(didDocument, method, curves);
  if (linked && !linkedData) gap('suite_needs_linked_data');
  const digest = async (value) => {
    const text = linked ? await linkedData(value, { fail, gap }) : canonical(value);
    return new Uint8Array(await crypto.subtle.digest(hash, utf8.encode(text)));
  };
  const options = linked ? { ...config, '@context': document['@context'] } : config;
  const data = join(await digest(options), await digest(document));
  let publicKey;
  try {
    publicKey = await crypto.subtle.importKey('raw', key, use, false, ['verify']);
  } catch (error) {
    if (error.name === 'NotSupportedError') gap('no_ed25519');
    fail('signature_mismatch');
  }
  const algorithm = use.name ? { ...use, hash } : use;
  if (!(await crypto.subtle.verify(algorithm, publicKey, signature, data))) fail('signature_mismatch');
  if (end < Infinity) {
    const retired = toInstant(end);
    if (Math.max(anchoredAt ?? created, created) >= end) fail('key_retired', { retired });
    if (end <= asOf && anchoredAt === undefined) gap('key_retired_unproven', { retired });
  }
  return { method, created: toInstant(created) };
}

// holds when one proof does and none that could be checked fails; each is told apart in params.proofs
async function checkSignature({ credential }, signer) {
  const { proof, ...document } = credential;
  if (proof === undefined || proof === null) fail('missing_proof');
  const all = isList(proof) ? proof : [proof];
  need(all.length && all.length <= 8 && all.every(isObject), 'malformed_proof');
  const found = [];
  for (const one of all) {
    const suite = isText(one.cryptosuite) ? one.cryptosuite : '?';
    try {
      found.push({ suite, state: 'ok', code: 'ok', params: await checkProof(document, one, signer) });
    } catch (error) {
      if (!(error instanceof Outcome)) throw error;
      const { code, params } = error;
      found.push({ suite, state: code === 'unknown_suite' ? 'not_checked' : error.state, code, params });
    }
  }
  const first = (test) => found.find(test);
  const { state, code, params } = first((one) => one.state === 'failed') ?? first((one) => one.state === 'ok')
    ?? first((one) => one.code !== 'unknown_suite') ?? found[0];
  const told = { ...params, proofs: found.map(({ params: _, ...line }) => line) };
  if (state === 'ok') return told;
  throw new Outcome(code === 'unknown_suite' ? 'failed' : state, code, told);
}

// 4. issuer, 5. validity; 6. status is in status.mjs
// The bundle's DID document may be older or newer than the trust list's, never another; keys are judged by the latter.
function checkDocument({ verificationMethod: methods, assertionMethod, ...rest }, { verificationMethod: known, assertionMethod: _, ...own }) {
  try {
    need(canonical(rest) === canonical(own) && canonical(assertionMethod) === canonical(methods.map(({ id }) => id)));
    for (const { expires, revoked, ...method } of methods) {
      const { publicKeyMultibase } = method;
      const named = { id: `${own.id}#${publicKeyMultibase}`, type: 'Multikey', controller: own.id, publicKeyMultibase };
      const { expires: end, revoked: stop, ...same } = known.find(({ id }) => id === method.id) ?? named;
      need(canonical(method) === canonical(same));
      for (const [mine, theirs] of [[expires, end], [revoked, stop]]) {
        need(mine === undefined || (instant(mine) && mine === (theirs ?? mine)));
      }
    }
  } catch {
    fail('did_document_differs', { did: own.id });
  }
}

function checkIssuer({ credential, didDocument }, trust, trusted) {
  const did = credential.issuer.id;
  if (!trust) gap('no_trust', { did });
  if (!trusted) fail('unknown_issuer', { did });
  checkDocument(didDocument, trusted.didDocument);
  return { did, name: trusted.name };
}

function checkValidity({ credential }, asOf) {
  const { validFrom: from, validUntil: until = null } = credential;
  const values = { from, until, asOf: toInstant(asOf) };
  if (asOf < instant(from)) fail('not_yet_valid', values);
  if (until !== null && asOf > instant(until)) fail('expired', values);
  return values;
}

// 7. inclusion (RFC 9162, 2.1.3.2)
async function checkPlace({ credential, inclusion }) {
  if (!inclusion) gap('not_anchored_yet');
  const { leafIndex, treeSize, root, path } = inclusion;
  const wrong = () => fail('path_mismatch', { index: leafIndex, size: treeSize });
  if (leafIndex >= treeSize) wrong();
  let node = BigInt(leafIndex);
  let last = BigInt(treeSize) - 1n;
  let hash = await sha256(join([0], await sha256(canonical(credential))));
  for (const text of path) {
    const step = fromHex(text);
    if (!last) wrong();
    if (node & 1n || node === last) {
      hash = await sha256(join([1], step, hash));
      while (node && !(node & 1n)) { node >>= 1n; last >>= 1n; }
    } else hash = await sha256(join([1], hash, step));
    node >>= 1n;
    last >>= 1n;
  }
  if (last || toHex(hash) !== root) wrong();
  return { leafIndex, treeSize, root };
}

// 8. anchor
function endpoint(url) {
  return async (method, ...params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const headers = { 'Content-Type': 'application/json' };
    const limits = { redirect: 'manual', credentials: 'omit', signal: AbortSignal.timeout(5000) };
    let response;
    let text;
    try {
      response = await fetch(url, { method: 'POST', headers, body, ...limits });
      text = await response.text();
    } catch {
      gap('rpc_unreachable', { rpc: url });
    }
    const wrong = () => gap('rpc_error', { rpc: url });
    if (response.status !== 200) wrong();
    let reply;
    try {
      reply = parseStrict(text, 4 << 20);
    } catch {
      wrong();
    }
    if (!isObject(reply) || 'error' in reply || !('result' in reply)) wrong();
    return reply.result;
  };
}

const SELECTOR = '0x800520ce'; // anchored(bytes32,bytes32)
const answer = (value, shape) => (isText(value) && shape.test(value) ? value.toLowerCase() : gap('rpc_error'));
const DATA = /^0x([0-9a-f]{2})*$/i;

async function block(ask, height) {
  const found = await ask('eth_getBlockByNumber', `0x${height.toString(16)}`, false);
  if (!isObject(found) || !isList(found.transactions)) gap('rpc_error');
  return [answer(found.hash, DATA), found.transactions];
}

function target({ anchor }, trust, trusted) {
  if (!trust) gap('no_trust');
  if (!trusted) gap('issuer_not_trusted');
  const same = (one) => ['chainId', 'genesis', 'contract', 'stream'].every((name) => one[name] === anchor[name]);
  return trusted.anchors.find(same) ?? gap('unknown_anchor', { chainId: anchor.chainId });
}

// who tells what the contract knows of a root: the chain's endpoint, or in a pack a proven state (stateproof.mjs)
function chain(url) {
  const ask = endpoint(url);
  return {
    async record({ chainId, genesis, contract, codeHash, stream }, root) {
      const found = BigInt(answer(await ask('eth_chainId'), /^0x[0-9a-f]{1,64}$/i));
      if (found !== BigInt(chainId) || (await block(ask, 0))[0] !== genesis) {
        gap('wrong_chain', { expected: chainId, found: Number(found) });
      }
      const code = answer(await ask('eth_getCode', contract, 'latest'), DATA);
      if (toHex(await sha256(fromHex(code.slice(2)))) !== codeHash) gap('wrong_contract', { contract });
      const data = SELECTOR + stream.slice(2) + root;
      const record = answer(await ask('eth_call', { to: contract, data }, 'latest'), /^0x[0-9a-f]{256}$/i);
      return [2, 66, 130, 194].map((at) => Number(`0x${record.slice(at, at + 64)}`));
    },
    async block(_, { blockHash, blockNumber, transaction }) {
      const [hash, transactions] = await block(ask, blockNumber);
      if (hash !== blockHash || !transactions.includes(transaction)) fail('block_differs', { block: blockNumber });
    },
  };
}

async function checkAnchor(bundle, trust, trusted, { rpc, witness }) {
  const { inclusion, anchor } = bundle;
  if (!inclusion || !anchor) gap('not_anchored_yet');
  const aim = target(bundle, trust, trusted);
  const asked = witness ?? chain(rpc || aim.rpc || gap('no_rpc'));
  const words = await asked.record(aim, inclusion.root);
  if (!words[3]) fail('not_anchored', { root: inclusion.root });
  const time = instant(anchor.blockTime);
  const claimed = [anchor.seq, time / 1000, anchor.blockNumber, inclusion.treeSize];
  if (words.some((word, at) => word !== claimed[at])) fail('anchor_differs');
  const more = await asked.block(aim, anchor, inclusion.root);
  return { time: anchor.blockTime, seq: anchor.seq, block: anchor.blockNumber, chainId: aim.chainId, kind: aim.kind, ...more };
}

// 9. documents
async function checkDocuments({ credential }, files) {
  const listed = isList(credential.relatedResource) ? credential.relatedResource.filter(isObject) : [];
  const known = listed.map((entry) => {
    try { return toHex(fromMultibase(entry.digestMultibase)); } catch { return null; }
  });
  for (const { name, bytes } of files) {
    if (!known.includes(`1220${toHex(await sha256(bytes))}`)) fail('unknown_document', { name });
  }
  return { matched: files.length, listed: known.length };
}

// the report
export async function run(id, step, secure) {
  try {
    if (secure && !globalThis.crypto?.subtle) gap('no_webcrypto');
    return { id, state: 'ok', code: 'ok', params: await step() };
  } catch (error) {
    if (!(error instanceof Outcome)) throw error;
    return { id, state: error.state, code: error.code, params: error.params };
  }
}

/**
 * Check a bundle.
 * @param {string|Uint8Array} data The bundle's bytes or text.
 * @param {{trust?: object|null, rpc?: string|null, expectedHash?: string|null,
 *   files?: {name: string, bytes: Uint8Array}[], asOf?: Date|string, linkedData?: Function, witness?: object}} question A parsed trust
 *   file, a chain endpoint that wins over the trust file's, the printed code's #h=, documents in hand, the moment to
 *   judge at, and what turns JSON-LD into canonical N-Quads: without it the rdfc suites are not checked.
 * @returns {Promise<{verdict: string, checks: object[], credential: object|null}>}
 */
export async function verifyBundle(data, { trust = null, rpc = null, expectedHash = null, files = [], asOf = new Date(), linkedData, witness } = {}) {
  let bundle;
  const now = new Date(asOf).valueOf();
  const first = await run('structure', () => { bundle = readBundle(data); return {}; });
  if (!bundle) {
    const rest = CHECKS.slice(1).map((id) => ({ id, state: 'not_checked', code: 'not_reached', params: {} }));
    return { verdict: 'invalid', checks: [first, ...rest], credential: null };
  }
  const asked = (id, wanted, step) => (wanted ? run(id, step, true) : { id, state: 'not_asked', code: 'not_asked', params: {} });
  const trusted = trust?.issuers.find((issuer) => issuer.did === bundle.credential.issuer.id);
  const batches = new Map();
  const anchored = (part) => {
    const batch = canonical([part.inclusion && [part.inclusion.root, part.inclusion.treeSize], part.anchor]);
    if (!batches.has(batch)) batches.set(batch, run('anchor', () => checkAnchor(part, trust, trusted, { rpc, witness }), true));
    return batches.get(batch);
  };
  const anchor = await anchored(bundle);
  const anchoredAt = anchor.state === 'ok' ? instant(anchor.params.time) : undefined;
  const didDocument = trusted?.didDocument ?? bundle.didDocument;
  const signature = (part, at) => checkSignature(part, { didDocument, asOf: now, anchoredAt: at, linkedData });
  const steps = { signature, place: checkPlace, anchor: anchored, instant, toInstant, Outcome };
  const checks = [
    first,
    await asked('fingerprint', expectedHash, () => checkFingerprint(bundle, expectedHash)),
    await run('signature', () => signature(bundle, anchoredAt), true),
    await run('issuer', () => checkIssuer(bundle, trust, trusted)),
    await run('validity', () => checkValidity(bundle, now)),
    await asked('status', 'credentialStatus' in bundle.credential, () => checkStatus(bundle, now, steps)),
    await run('inclusion', () => checkPlace(bundle), true),
    anchor,
    await asked('documents', files.length, () => checkDocuments(bundle, files)),
  ];
  const states = checks.map((check) => check.state);
  const partial = states.includes('not_checked') ? 'partial' : 'valid';
  return { verdict: states.includes('failed') ? 'invalid' : partial, checks, credential: bundle.credential };
}
