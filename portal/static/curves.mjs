// Public keys on P-256 and P-384 for verify.mjs: WebCrypto wants the whole point, a multikey holds half of it.
// Loaded only when a credential is signed with such a key.

const CURVES = {
  0x8024: {
    name: 'P-256',
    hash: 'SHA-256',
    size: 32,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  0x8124: {
    name: 'P-384',
    hash: 'SHA-384',
    size: 48,
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
};

function power(base, exponent, modulus) {
  let result = 1n;
  for (let square = base % modulus, left = exponent; left; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

const toNumber = (bytes) => bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);

// Throws where the bytes are no such key. y is the square root of x^3 - 3x + b (SEC 1, 2.3.4); p mod 4 is 3.
export function curveKey(multikey) {
  const { name, hash, size, p, b } = CURVES[(multikey[0] << 8) | multikey[1]];
  const sign = multikey[2];
  const x = toNumber(multikey.slice(3));
  const square = (((x * x * x - 3n * x + b) % p) + p) % p;
  const root = power(square, (p + 1n) / 4n, p);
  if (multikey.length !== 3 + size || (sign | 1) !== 3 || x >= p || (root * root) % p !== square) throw new TypeError(name);
  const y = (root & 1n) === BigInt(sign & 1) ? root : p - root;
  const digits = [x, y].map((number) => number.toString(16).padStart(2 * size, '0')).join('');
  const point = Uint8Array.from(`04${digits}`.match(/../g), (pair) => parseInt(pair, 16));
  return { key: point, use: { name: 'ECDSA', namedCurve: name }, hash };
}
