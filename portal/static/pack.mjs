// Reads and checks an audit pack: a zip of exactly one shape. Twin of ledger/archive.py, ledger/pack.py and
// ledger/verify_pack.py: same refusals, same codes. Loaded on demand.
import { provenBy, readState } from './stateproof.mjs';
import { fail, fromHex, instant, isText, join, members, need, parseStrict, run, sha256, toHex, utf8, verifyBundle, fromMultibase } from './verify.mjs';

const MOST = { archive: 256 << 20, file: 64 << 20, total: 512 << 20, files: 10_000, bundles: 2_000, manifest: 8 << 20 };
const NAME = /^(?=.{1,160}$)(?:[a-z0-9][a-z0-9._-]*\/)*[A-Za-z0-9][A-Za-z0-9._-]*$/;
const MANIFEST = 'manifest.json';
const PLACES = {
  readme: /^README\.(?:zh|en)\.txt$/,
  bundle: /^bundles\/[0-9a-f]{64}\.json$/,
  evidence: /^evidence\/([0-9a-f]{64})\.[a-z0-9]{1,8}$/,
  context: /^contexts\/([0-9a-f]{64})\.jsonld$/,
  state: /^states\/([0-9a-f]{64})\.json$/,
};

// the zip (APPNOTE 6.3.10, 4.3): headers are read from the first byte on, then everything is written anew and compared
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});
const crcOf = (data) => ~data.reduce((sum, byte) => CRC[(sum ^ byte) & 255] ^ (sum >>> 8), ~0) >>> 0;
const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

function packed(...fields) {
  const out = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) out.setUint16(at, value, true);
    else out.setUint32(at, value, true);
    at += size;
  }
  return new Uint8Array(out.buffer);
}

const facts = ({ method, crc, packed: body, size }) => [[2, 0x800], [2, method], [2, 0], [2, 0x21], [4, crc], [4, body.length], [4, size]];

function local(entry) {
  const name = utf8.encode(entry.name);
  return join(packed([4, 0x04034b50], [2, 20], ...facts(entry), [2, name.length], [2, 0]), name);
}

function listed(entry, offset) {
  const name = utf8.encode(entry.name);
  const rest = [[2, name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]];
  return join(packed([4, 0x02014b50], [2, 20], [2, 20], ...facts(entry), ...rest), name);
}

function entryAt(data, at) {
  need(data.length >= at + 30, 'pack_not_zip');
  const view = new DataView(data.buffer, data.byteOffset + at, 30);
  const [method, crc, length, size] = [view.getUint16(8, true), view.getUint32(14, true), view.getUint32(18, true), view.getUint32(22, true)];
  const start = at + 30 + view.getUint16(26, true);
  let name;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data.subarray(at + 30, start));
  } catch {
    fail('pack_name');
  }
  need(method === 8 || (method === 0 && length === size), 'pack_not_zip');
  return { name, method, crc, size, packed: data.subarray(start, start + length) };
}

export function readArchive(data) {
  need(data.length <= MOST.archive, 'pack_too_large');
  const entries = [];
  const offsets = [];
  let at = 0;
  const magic = () => data.length >= at + 4 && new DataView(data.buffer, data.byteOffset + at, 4).getUint32(0) === 0x504b0304;
  while (magic() && entries.length <= MOST.files) {
    const entry = entryAt(data, at);
    offsets.push(at);
    at += 30 + utf8.encode(entry.name).length + entry.packed.length;
    entries.push(entry);
  }
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  need(entries.length <= MOST.files && total <= MOST.total, 'pack_too_large');
  const seen = new Set();
  for (const { name, size } of entries) {
    need(size <= MOST.file, 'pack_too_large');
    need(NAME.test(name), 'pack_name');
    need(!seen.has(name.toLowerCase()), 'pack_duplicate');
    seen.add(name.toLowerCase());
  }
  const heads = entries.every((entry, n) => same(local(entry), data.subarray(offsets[n], offsets[n] + local(entry).length)));
  const directory = join(...entries.map((entry, n) => listed(entry, offsets[n])));
  const end = packed([4, 0x06054b50], [2, 0], [2, 0], [2, entries.length], [2, entries.length], [4, directory.length], [4, at], [2, 0]);
  need(heads && same(join(directory, end), data.subarray(at)), 'pack_not_zip');
  return new Map(entries.map((entry) => [entry.name, entry]));
}

async function inflated(body, size) {
  const parts = [];
  let found = 0;
  const reader = new Blob([body]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    found += next.value.length;
    if (found > size) {
      reader.cancel();
      break;
    }
  }
  return join(...parts);
}

async function unpacked({ name, method, crc, size, packed: body }) {
  const damaged = () => fail('pack_damaged', { file: name });
  const data = method ? await inflated(body, size).catch(damaged) : body;
  return data.length === size && crcOf(data) === crc ? data : damaged();
}

// the pack
function readManifest(data) {
  try {
    const value = parseStrict(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data), MOST.manifest);
    members(value, 'pack made files');
    need(value.pack === 'tallystick-pack/1' && Array.isArray(value.files));
    instant(value.made);
    value.files.forEach((line) => {
      members(line, 'name role title size sha256 packed');
      need(isText(line.name));
    });
    need(new Set(value.files.map(({ name }) => name)).size === value.files.length);
    return value;
  } catch {
    return fail('pack_manifest');
  }
}

async function readFile(line, entry) {
  const { name } = entry;
  need(toHex(await sha256(entry.packed)) === line.packed && entry.size === line.size, 'pack_hash');
  const data = await unpacked(entry);
  const digest = toHex(await sha256(data));
  need(digest === line.sha256, 'pack_hash');
  need(isText(line.role) && Object.hasOwn(PLACES, line.role) && isText(line.title), 'pack_manifest');
  const found = PLACES[line.role].exec(name);
  if (!found || (found[1] && found[1] !== digest)) fail('pack_content', { file: name });
  return { name, role: line.role, title: line.title, data };
}

export async function readPack(bytes) {
  const entries = readArchive(bytes);
  const first = entries.values().next().value;
  need(first?.name === MANIFEST && !first.method, 'pack_manifest');
  const { made, files: lines } = readManifest(await unpacked(first));
  entries.delete(MANIFEST);
  const names = new Set(lines.map(({ name }) => name));
  need(lines.every(({ name }) => entries.has(name)), 'pack_missing_file');
  need([...entries.keys()].every((name) => names.has(name)), 'pack_stray_file');
  const files = [];
  for (const line of lines) files.push(await readFile(line, entries.get(line.name)));
  return { made, of: (role) => files.filter((file) => file.role === role), files };
}

function papersOf({ data }) {
  try {
    const { credential } = parseStrict(new TextDecoder('utf-8', { fatal: true }).decode(data));
    return credential.relatedResource.map(({ digestMultibase }) => toHex(fromMultibase(digestMultibase)));
  } catch {
    return [];
  }
}

async function contents(bytes) {
  const pack = await readPack(bytes);
  const [bundles, papers] = [pack.of('bundle'), pack.of('evidence')];
  let states;
  try {
    states = pack.of('state').map(({ data }) => readState(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)));
  } catch {
    fail('pack_content');
  }
  need(bundles.length && bundles.length <= MOST.bundles, 'pack_content');
  for (const paper of papers) paper.digest = `1220${toHex(await sha256(paper.data))}`;
  const cited = new Set(bundles.flatMap(papersOf));
  need(papers.every(({ digest }) => cited.has(digest)), 'pack_content');
  return { pack, bundles, papers, states };
}

const codeOf = (name) => btoa(String.fromCharCode(...fromHex(name.slice(8, 72)))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/**
 * Check a pack. No chain is asked unless one is named.
 * @param {Uint8Array} bytes The zip.
 * @param {{trust?: object|null, blocks?: string[], rpc?: string|null, asOf?: Date|string, linkedData?: Function}} question
 *   A parsed trust file, hashes ("0x…") of blocks the reader had from somewhere else, an endpoint to ask instead.
 * @returns {Promise<{verdict: string, pack: object, bundles: object[]}>}
 */
export async function verifyPack(bytes, { trust = null, blocks = [], rpc = null, asOf = new Date(), linkedData } = {}) {
  let found;
  const line = await run('pack', async () => {
    found = await contents(bytes);
    return { bundles: found.bundles.length, files: found.pack.files.length, made: found.pack.made };
  }, true);
  if (!found) return { verdict: line.state === 'failed' ? 'invalid' : 'partial', pack: line, bundles: [] };
  const witness = rpc ? null : provenBy(found.states, blocks.map((hash) => hash.toLowerCase()));
  const bundles = [];
  for (const bundle of found.bundles) {
    const cited = papersOf(bundle);
    const files = found.papers.filter(({ digest }) => cited.includes(digest)).map(({ name, title, data }) => ({ name: title || name, bytes: data }));
    const asked = { trust, rpc, witness, expectedHash: codeOf(bundle.name), files, asOf, linkedData };
    bundles.push({ name: bundle.name, ...await verifyBundle(bundle.data, asked) });
  }
  const verdicts = bundles.map(({ verdict }) => verdict);
  return { verdict: ['invalid', 'partial'].find((one) => verdicts.includes(one)) ?? 'valid', pack: line, bundles };
}
