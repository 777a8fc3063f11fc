// What a contract knew at a block, proven from the block's hash (EIP-1186). Twin of ledger/patricia.py and
// ledger/stateproof.py: Keccak-256, RLP and Merkle-Patricia tries without any dependency. Loaded for audit packs only.
import { fail, fromHex, gap, hex, join, members, need, parseStrict, sha256, toHex } from './verify.mjs';

// Keccak-256 as Ethereum uses it: the padding is the one from before SHA-3 (Keccak reference 3.0)
const LANE = (1n << 64n) - 1n;
const RATE = 136;
const FIVE = [0, 1, 2, 3, 4];
const turn = (lane, bits) => ((lane << bits) | (lane >> (64n - bits))) & LANE;

function permute(state) {
  let shift = 1;
  for (let round = 0; round < 24; round += 1) {
    const sums = FIVE.map((x) => FIVE.reduce((sum, y) => sum ^ state[x + 5 * y], 0n));
    for (let at = 0; at < 25; at += 1) state[at] ^= sums[(at + 4) % 5] ^ turn(sums[(at + 1) % 5], 1n);
    let [x, y, lane] = [1, 0, state[1]];
    for (let step = 1; step < 25; step += 1) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      [lane, state[x + 5 * y]] = [state[x + 5 * y], turn(lane, BigInt(((step * (step + 1)) / 2) % 64))];
    }
    for (let row = 0; row < 25; row += 5) {
      const old = state.slice(row, row + 5);
      FIVE.forEach((at) => { state[row + at] = old[at] ^ (~old[(at + 1) % 5] & LANE & old[(at + 2) % 5]); });
    }
    for (let bit = 0n; bit < 7n; bit += 1n) {
      shift = ((shift << 1) ^ ((shift >> 7) * 0x71)) % 256;
      if (shift & 2) state[0] ^= 1n << ((1n << bit) - 1n);
    }
  }
}

export function keccak(data) {
  const padded = new Uint8Array(Math.ceil((data.length + 1) / RATE) * RATE);
  padded.set(data);
  padded[data.length] ^= 1;
  padded[padded.length - 1] ^= 0x80;
  const view = new DataView(padded.buffer);
  const state = new Array(25).fill(0n);
  for (let block = 0; block < padded.length; block += RATE) {
    for (let lane = 0; lane < RATE / 8; lane += 1) state[lane] ^= view.getBigUint64(block + 8 * lane, true);
    permute(state);
  }
  const out = new DataView(new ArrayBuffer(32));
  for (let lane = 0; lane < 4; lane += 1) out.setBigUint64(8 * lane, state[lane], true);
  return new Uint8Array(out.buffer);
}

// RLP (Yellow Paper, appendix B): one spelling only, nothing left over
const DEPTH = 16;

export function rlp(data) {
  const [value, end] = item(data, 0, DEPTH);
  need(end === data.length);
  return value;
}

function item(data, at, room) {
  const first = data[at];
  need(first !== undefined && room >= 0);
  if (first < 0x80) return [data.slice(at, at + 1), at + 1];
  const base = first < 0xc0 ? 0x80 : 0xc0;
  let size = first - base;
  let start = at + 1;
  if (size > 55) {
    const digits = data.slice(start, start + size - 55);
    need(digits.length === size - 55 && digits.length < 5 && digits[0]);
    start += digits.length;
    size = digits.reduce((sum, byte) => sum * 256 + byte, 0);
    need(size > 55);
  }
  const end = start + size;
  need(end <= data.length);
  if (base === 0x80) {
    need(size !== 1 || data[start] >= 0x80);
    return [data.slice(start, end), end];
  }
  need(room > 0);
  const items = [];
  for (let next = start; next < end;) {
    const [value, after] = item(data.subarray(0, end), next, room - 1);
    items.push(value);
    next = after;
  }
  return [items, end];
}

// tries (appendices C and D)
const isBytes = (value) => value instanceof Uint8Array;
const nibbles = (bytes) => Array.from(bytes).flatMap((byte) => [byte >> 4, byte & 15]);
const NOTHING = new Uint8Array();
const EMPTY = '56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

function pair(node) {
  need(node.length === 2 && isBytes(node[0]) && node[0].length);
  const [flag, second, ...rest] = nibbles(node[0]);
  need(flag < 4 && (flag & 1 || !second));
  const part = flag & 1 ? [second, ...rest] : rest;
  need(flag & 2 || part.length);
  return { part, leaf: Boolean(flag & 2) };
}

const valueOf = (bytes) => (need(isBytes(bytes)), bytes);

// The value under a key, by its proof; no bytes when the proof shows that there is none.
export function checkTrie(root, key, proof) {
  const left = [...proof];
  const value = toHex(root) === EMPTY ? NOTHING : walk(root, nibbles(key), left);
  need(!left.length);
  return value;
}

function walk(root, key, left) {
  let reference = root;
  let rest = key;
  while (!isBytes(reference) || reference.length) {
    let node = reference;
    if (isBytes(reference)) {
      const encoded = left.shift();
      need(reference.length === 32 && encoded && toHex(keccak(encoded)) === toHex(reference));
      node = rlp(encoded);
    }
    need(Array.isArray(node));
    if (node.length === 17 && rest.length) {
      reference = node[rest[0]];
      rest = rest.slice(1);
    } else if (node.length === 17) return valueOf(node[16]);
    else {
      const { part, leaf } = pair(node);
      const here = part.every((nibble, at) => nibble === rest[at]);
      if (leaf || !here) return leaf && here && part.length === rest.length ? valueOf(node[1]) : NOTHING;
      reference = node[1];
      rest = rest.slice(part.length);
    }
  }
  return NOTHING;
}

// headers and states
const toNumber = (bytes) => Number(bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n));
const bytesOf = (text) => fromHex(text.slice(2));

export function readHeader(data) {
  const fields = rlp(data);
  need(Array.isArray(fields) && fields.length >= 15 && fields.every(isBytes) && fields[3].length === 32);
  return { hash: `0x${toHex(keccak(data))}`, stateRoot: fields[3], number: toNumber(fields[8]), time: toNumber(fields[11]) };
}

const data = (value) => need(typeof value === 'string' && /^0x(?:[0-9a-f]{2})*$/.test(value));
const nodes = (value) => {
  need(Array.isArray(value) && value.length <= 65);
  value.forEach(data);
};

export function readState(text) {
  const state = parseStrict(text, 32 << 20);
  members(state, 'state contract header code account records');
  need(state.state === 'tallystick-state/1' && Array.isArray(state.records));
  hex(state.contract, 20, '0x');
  [state.header, state.code].forEach(data);
  nodes(state.account);
  for (const record of state.records) {
    members(record, 'stream root proof block');
    hex(record.stream, 32, '0x');
    hex(record.root, 32);
    nodes(record.proof);
    data(record.block);
  }
  return state;
}

const ENTRIES = new Uint8Array(32).fill(2, 31); // the contract's third variable, a mapping of mappings

function recordIn({ contract, header, code, account }, { stream, root, proof }) {
  const leaf = checkTrie(readHeader(bytesOf(header)).stateRoot, keccak(bytesOf(contract)), account.map(bytesOf));
  const fields = rlp(leaf);
  need(Array.isArray(fields) && fields.length === 4 && isBytes(fields[2]) && toHex(fields[3]) === toHex(keccak(bytesOf(code))));
  const slot = keccak(join(fromHex(root), keccak(join(bytesOf(stream), ENTRIES))));
  const found = checkTrie(fields[2], keccak(slot), proof.map(bytesOf));
  const word = found.length ? rlp(found) : NOTHING;
  need(isBytes(word) && word.length <= 32);
  const packed = join(new Uint8Array(32 - word.length), word);
  return [24, 16, 8, 0].map((at) => toNumber(packed.slice(at, at + 8)));
}

// A witness for verifyBundle: speaks only at blocks the verifier knows by their hash.
export function provenBy(states, known) {
  const find = ({ contract, stream }, root) => {
    for (const state of states) {
      const record = state.contract === contract && state.records.find((one) => one.stream === stream && one.root === root);
      if (record) return { state, record };
    }
    return gap('no_state', { root });
  };
  const held = async (step) => {
    try {
      return await step();
    } catch (error) {
      if (error.state && error.code !== 'malformed_bundle') throw error;
      return fail('state_mismatch');
    }
  };
  return {
    async record(target, root) {
      const { state, record } = find(target, root);
      const blocks = [...known, ...(target.blocks ?? [])];
      return held(async () => {
        const { hash, number } = readHeader(bytesOf(state.header));
        if (!blocks.length) gap('no_block_hash', { block: number, hash });
        if (!blocks.includes(hash)) gap('other_block', { block: number, hash });
        if (toHex(await sha256(bytesOf(state.code))) !== target.codeHash) gap('wrong_contract', { contract: target.contract });
        return recordIn(state, record);
      });
    },
    async block(target, anchor, root) {
      const { state, record } = find(target, root);
      return held(() => {
        const { hash, number, time } = readHeader(bytesOf(record.block));
        const told = [anchor.blockHash, anchor.blockNumber, Date.parse(anchor.blockTime) / 1000];
        if ([hash, number, time].some((fact, at) => fact !== told[at])) fail('block_differs', { block: anchor.blockNumber });
        return { provenAt: readHeader(bytesOf(state.header)).number };
      });
    },
  };
}
