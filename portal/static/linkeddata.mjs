// JSON-LD to canonical N-Quads for verify.mjs, with the contexts of fixed content and nothing dropped unsaid. Twin of
// ledger/dataintegrity/linkeddata.py. Where contexts and jsonld.js (165 kB) come from is its caller's to say.
// address (a path: the same under every portal), file, SHA-256: as ledger/contexts/manifest.json has them
export const PINS = {
  'https://www.w3.org/ns/credentials/v2': ['credentials-v2.jsonld', '8a9f494a89ecc51db093e90e84713e07e84d6d9204364a9b3c7868b21751236f'],
  'https://www.w3.org/2018/credentials/v1': ['credentials-v1.jsonld', '00d7dd6d3ad8b920e3e550dd3a3d9090bffcac84cdbf943da6924b3e0a5c8bb8'],
  'https://www.w3.org/ns/credentials/undefined-terms/v2': ['undefined-terms-v2.jsonld', '82dab514ba44eb18f5d1b0f638c5e140c6a556fbfb5089601bdc0fa5eb8b2581'],
  'https://www.w3.org/ns/credentials/examples/v2': ['examples-v2.jsonld', '57393fbc69d6efb9b9b5dc9cb6b9880b0944360abfe2eaf459c9e58cf2279d7c'],
  'https://w3id.org/security/data-integrity/v1': ['data-integrity-v1.jsonld', 'b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554'],
  'https://w3id.org/security/data-integrity/v2': ['data-integrity-v2.jsonld', '0f77743daf5b4e8fc067fc5ba5b21044283053aa717fc6b0219843bed3b00363'],
  'https://w3id.org/security/multikey/v1': ['multikey-v1.jsonld', 'c5f3806f8286920573221938917988a18a4cc5a09e968d29649613c7a1c2b1f6'],
  'https://www.w3.org/ns/did/v1': ['did-v1.jsonld', '62c1054bf404d6dd3a4b26b64f830fd72095f6a26edc4469908c94351352ce5f'],
  '/contexts/passport/v1': ['passport-v1.jsonld', '99332e82c3d5c42ce051d6786d497ff9f3b00f05273080d50a44083b0ee126ee'],
};
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

const own = (address) => {
  const { protocol, pathname, search, hash } = URL.canParse(address) ? new URL(address) : {};
  return /^https?:$/.test(protocol) && !search && !hash ? pathname : '';
};

const digest = async (text) => {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
};

const holdsControls = (value) => (typeof value === 'string' ? CONTROL.test(value)
  : Boolean(value) && typeof value === 'object' && Object.values(value).some(holdsControls));

/**
 * Make the reader that verifyBundle takes as linkedData.
 * @param {(file: string) => Promise<string>|string} read Gives the text of a pinned file; what it gives is compared.
 * @param {() => Promise<object>} library Gives jsonld.js.
 */
export const linkedDataReader = (read, library) => async (value, { fail, gap }) => {
  let missing = '';
  const documentLoader = async (address) => {
    const [file, pinned] = PINS[address] ?? PINS[own(address)] ?? [];
    const text = file && await read(file);
    if (!file) missing = 'unknown_context';
    else if (await digest(text) !== pinned) missing = 'context_changed';
    if (missing) throw new TypeError(missing);
    return { contextUrl: null, documentUrl: address, document: JSON.parse(text) };
  };
  if (holdsControls(value)) fail('not_linked_data');
  const jsonld = await library().catch(() => gap('suite_not_loaded'));
  try {
    const options = { algorithm: 'RDFC-1.0', format: 'application/n-quads', safe: true, base: null, documentLoader };
    return await jsonld.canonize(JSON.parse(JSON.stringify(value)), options);
  } catch (error) {
    if (missing) gap(missing);
    if (/deep iterations|work/i.test(error.message)) gap('graph_too_costly');
    return fail(error.name === 'jsonld.ValidationError' ? 'undefined_terms' : 'not_linked_data');
  }
};
