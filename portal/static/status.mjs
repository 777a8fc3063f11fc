// What the issuer's status lists said of a passport at a moment. Twin of ledger/verification/status.py; verify.mjs
// lends it the other steps. Loaded with them, for passports that name a list.

const LAG = 3600e3;
const MOST = 1 << 17;

async function unpack(text) {
  if (!/^u[\w-]*$/.test(text) || text.length > 1 << 18) throw new TypeError('list');
  const packed = Uint8Array.from(atob(text.slice(1).replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  const parts = [];
  let size = 0;
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  for (let next = await reader.read(); !next.done && size <= MOST; next = await reader.read()) {
    parts.push(next.value);
    size += next.value.length;
  }
  reader.cancel();
  if (size < MOST / 8 || size > MOST) throw new TypeError('size');
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function entriesOf({ credentialStatus }) {
  return [credentialStatus].flat().map((entry) => {
    const { type, statusPurpose: purpose, statusListIndex: index, statusListCredential: list, statusSize = 1 } = entry;
    const known = type === 'BitstringStatusListEntry' && ['revocation', 'suspension'].includes(purpose) && statusSize === 1;
    if (!known || typeof list !== 'string' || typeof index !== 'string' || !/^\d{1,7}$/.test(index)) throw new TypeError('entry');
    return { purpose, index: Number(index), list };
  });
}

export async function checkStatus({ credential, status = [] }, asOf, { signature, place, anchor, instant, toInstant, Outcome }) {
  const outcome = (state, code, params) => { throw new Outcome(state, code, params); };

  async function anchorTime(part) {
    if (!part.inclusion) return undefined;
    await place(part);
    const { state, code, params } = await anchor(part);
    if (state === 'failed') outcome(state, code);
    return state === 'ok' ? instant(params.time) : undefined;
  }

  async function version({ purpose, list }, part) {
    const mismatch = (detail) => outcome('failed', 'status_mismatch', { purpose, list, detail });
    try {
      const { type, validFrom, validUntil, credentialSubject: subject, issuer } = part.credential;
      const made = instant(validFrom);
      const until = instant(validUntil);
      if (!type.includes('BitstringStatusListCredential') || subject.statusPurpose !== purpose) mismatch('purpose');
      const bits = await unpack(subject.encodedList);
      const at = await anchorTime(part);
      if (issuer.id !== credential.issuer.id) mismatch('issuer');
      await signature(part, at);
      return { made, until, bits, proven: at !== undefined, start: at > made + LAG ? at : made };
    } catch (error) {
      if (error.state === 'not_checked' || error.code === 'status_mismatch') throw error;
      return mismatch(error.message);
    }
  }

  async function notice(purpose) {
    for (const part of status) {
      const { type, credentialSubject: said, validFrom: since, issuer } = part.credential;
      if (!Array.isArray(type) || !type.includes('StatusNotice') || issuer?.id !== credential.issuer.id) continue;
      if (said?.id !== credential.id || said.statusPurpose !== purpose || said.set !== true) continue;
      try {
        await signature(part, await anchorTime(part));
      } catch {
        continue;
      }
      return { since, reason: said.reason, supersededBy: said.supersededBy };
    }
    return {};
  }

  async function look(entry) {
    const { purpose, index, list } = entry;
    const versions = [];
    for (const part of status) if (part.credential.id === list) versions.push(await version(entry, part));
    const begun = versions.filter(({ start }) => start <= asOf).sort((a, b) => b.start - a.start || b.made - a.made);
    const values = { purpose, asOf: toInstant(asOf) };
    if (!begun.length) outcome('not_checked', 'status_unknown', values);
    const [{ bits, start, until, proven }] = begun;
    Object.assign(values, { from: toInstant(start), until: toInstant(until) });
    if (index >= bits.length * 8) outcome('failed', 'status_mismatch', { purpose, list, detail: 'range' });
    if (bits[index >> 3] & (128 >> index % 8)) {
      const told = { since: values.from, reason: '', ...await notice(purpose) };
      outcome('failed', purpose === 'revocation' ? 'revoked' : 'suspended', { ...values, ...told });
    }
    if (asOf > until) outcome('not_checked', 'status_unknown', values);
    if (!proven) outcome('not_checked', 'status_unproven', values);
    return values;
  }

  let entries = [];
  try {
    entries = entriesOf(credential);
  } catch { /* says below that nothing is known */ }
  let gap = entries.length ? null : new Outcome('not_checked', 'status_unknown');
  let params = {};
  for (const entry of entries) {
    try {
      params = await look(entry);
    } catch (error) {
      if (error.state !== 'not_checked') throw error;
      gap ??= error;
    }
  }
  if (gap) throw gap;
  return params;
}
