// Asks verifiers of others about documents we issued. Reads the cases from the file named first, prints what each
// verifier said as JSON: {name: [true | "why not", …]}. Nothing here touches the network: contexts and DID documents
// are in the file.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {createVerifyCryptosuite as createJcs} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {cryptosuite as rdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import {SDJwtInstance} from '@sd-jwt/core';
import {compactVerify, importJWK} from 'jose';
import {createHash, createPublicKey, verify as verifySignature} from 'node:crypto';
import {readFileSync} from 'node:fs';

const {contexts, documents, now, cases} = JSON.parse(readFileSync(process.argv[2], 'utf8'));

async function documentLoader(url) {
  const [did, fragment] = url.split('#');
  const document = contexts[url] ?? documents[did];
  if(!document) {
    throw new Error(`not pinned: ${url}`);
  }
  if(!fragment) {
    return {document, documentUrl: url};
  }
  const method = document.verificationMethod.find(one => one.id === url);
  return {document: {'@context': 'https://w3id.org/security/multikey/v1', ...method}, documentUrl: url};
}

const dataIntegrity = suites => async credential => {
  const suite = suites.map(cryptosuite => new DataIntegrityProof({cryptosuite}));
  const said = await vc.verifyCredential({credential, suite, documentLoader, now: new Date(now)});
  if(!said.verified) {
    throw said.error.errors?.[0] ?? said.error;
  }
};

async function publicKey(kid) {
  const {document} = await documentLoader(kid);
  return Ed25519Multikey.toJwk({keyPair: await Ed25519Multikey.from(document)});
}

async function jose({token, expected}) {
  const {payload, protectedHeader} = await compactVerify(token,
    async header => importJWK(await publicKey(header.kid), 'EdDSA'), {algorithms: ['EdDSA']});
  same(protectedHeader.typ, 'vc+jwt');
  same(JSON.parse(new TextDecoder().decode(payload)), expected);
}

async function sdJwt({token, expected}) {
  const {kid} = JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString());
  const key = createPublicKey({key: await publicKey(kid), format: 'jwk'});
  const reader = new SDJwtInstance({
    hasher: (data, name) => new Uint8Array(createHash(name.replace('-', '')).update(data).digest()),
    hashAlg: 'sha-256',
    verifier: (data, signature) => verifySignature(null, Buffer.from(data), key, Buffer.from(signature, 'base64url'))
  });
  const {payload} = await reader.verify(token, {currentDate: Date.parse(now) / 1000});
  same(payload, expected);
}

// Order of members does not count, in what is compared no more than in JSON.
function same(one, other) {
  if(sorted(one) !== sorted(other)) {
    throw new Error('another content');
  }
}

const sorted = value => JSON.stringify(value, (_, item) => item && typeof item === 'object' && !Array.isArray(item) ?
  Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1)) : item);

const verifiers = {
  'eddsa-jcs-2022': dataIntegrity([createJcs()]),
  'eddsa-rdfc-2022': dataIntegrity([rdfc]),
  set: dataIntegrity([createJcs(), rdfc]),
  jose,
  'sd-jwt': sdJwt
};

const said = {};
for(const {name, verifier, documents: given} of cases) {
  said[name] = [];
  for(const document of given) {
    said[name].push(await verifiers[verifier](document).then(() => true, error => String(error)));
  }
}
console.log(JSON.stringify(said));
