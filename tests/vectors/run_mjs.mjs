// Runs portal/static/verify.mjs on cases read from standard input (one JSON list), each with a scripted chain on
// the loopback, and writes what it says as one JSON list. A case {"document": text} asks for its canonical form.
// Usage: node run_mjs.mjs [insecure|plain] < cases.json; "insecure" stands for a page without WebCrypto, "plain" for
// one that has not loaded the reader of linked data.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { verifyPack } from '../../portal/static/pack.mjs';
import { checkTrie, keccak, rlp } from '../../portal/static/stateproof.mjs';
import { readFile } from 'node:fs/promises';
import { linkedDataReader } from '../../portal/static/linkeddata.mjs';
import { canonical, parseStrict, verifyBundle } from '../../portal/static/verify.mjs';

const read = async (stream) => {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
};

async function scripted(script) {
  if (!script) return { url: null, stop() {} };
  const server = createServer(async (request, response) => {
    const { id, method, params } = JSON.parse(await read(request));
    if ('body' in script) {
      response.writeHead(script.status).end(script.body);
      return;
    }
    const told = params[0]?.data?.slice(-64) ?? params[0];
    const reply = script.replies[params.length ? `${method} ${told}` : method] ?? script.replies[method];
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...reply }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/`;
  const stop = () => { server.closeAllConnections(); server.close(); };
  if (script.down) stop();
  return { url, stop };
}

if (process.argv[2] === 'insecure') Object.defineProperty(globalThis, 'crypto', { value: undefined });

const bytesOf = (text) => Uint8Array.from(Buffer.from(text.replace(/^0x/, ''), 'hex'));
const hexOf = (value) => (Array.isArray(value) ? value.map(hexOf) : Buffer.from(value).toString('hex'));
const said = (step) => { try { return step(); } catch (error) { return error.code; } };

// What an audit pack, or one of the parts of its proofs, comes to.
async function packed({ pack, keccak: text, rlp: encoded, trie, ...question }) {
  if (pack !== undefined) return verifyPack(Uint8Array.from(Buffer.from(pack, 'base64')), { ...question, linkedData });
  if (text !== undefined) return hexOf(keccak(new TextEncoder().encode(text)));
  if (encoded !== undefined) return said(() => hexOf(rlp(bytesOf(encoded))));
  return said(() => `0x${hexOf(checkTrie(bytesOf(trie.root), keccak(bytesOf(trie.key)), trie.proof.map(bytesOf)))}`);
}

const context = (file) => readFile(new URL(`../../ledger/contexts/${file}`, import.meta.url), 'utf8');
const jsonld = async () => (await import('../../portal/static/vendor/jsonld-9.0.0/jsonld.esm.min.js')).default;
const linkedData = process.argv[2] === 'plain' ? undefined : linkedDataReader(context, jsonld);
const found = [];
for (const given of JSON.parse(await read(process.stdin))) {
  if (['pack', 'keccak', 'rlp', 'trie'].some((name) => name in given)) {
    found.push(await packed(given));
    continue;
  }
  if ('document' in given) {
    found.push(canonical(parseStrict(given.document)));
    continue;
  }
  const { url, stop } = await scripted(given.rpc);
  const files = given.files.map(({ name, text }) => ({ name, bytes: new TextEncoder().encode(text) }));
  const { trust, expectedHash, asOf } = given;
  const { verdict, checks } = await verifyBundle(given.bundle, { trust, rpc: url, expectedHash, files, asOf, linkedData });
  stop();
  const lines = checks.map(({ id, state, code }) => [id, { state, code }]);
  const { proofs } = checks[2].params;
  found.push({ verdict, order: lines.map(([id]) => id), checks: Object.fromEntries(lines), ...(given.tellProofs && { proofs }) });
}
process.stdout.write(JSON.stringify(found));
