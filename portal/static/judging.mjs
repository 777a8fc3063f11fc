// Fetches a passport, the trust list and what the chain says, judges all of it, and finds the words; no page is
// touched here. Shared by the passport page and the scan page.
import { verifyBundle, parseStrict } from './verify.mjs';

export const toHex = (code) => Array.from(atob(code.replaceAll('-', '+').replaceAll('_', '/')), (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');

// The bundle of the printed code; where there is none, that of the newest passport of the goods, which will not fit the code.
export async function bundleOf(code, newest) {
  const exact = /^[\w-]{43}$/.test(code ?? '') && `/bundles/${toHex(code)}.json`;
  let answer = exact && await fetch(exact);
  const byCode = Boolean(answer?.ok);
  if (!answer || answer.status === 404) answer = await fetch(newest);
  if (!answer.ok) throw Object.assign(new TypeError(answer.statusText), { status: answer.status });
  return { bytes: new Uint8Array(await answer.arrayBuffer()), byCode };
}

export async function trustList() {
  try {
    const answer = await fetch('/.well-known/tallystick-trust.json');
    return answer.ok ? parseStrict(await answer.text()) : null;
  } catch {
    return null;
  }
}

// A piece has its own address, with or without its lot before it; a lot's passport is none of its pieces'.
function checkGoods(credential, goods) {
  const { product } = credential.credentialSubject;
  const lot = `${product?.characteristics?.gtin}/10/${product?.batchNumber}`;
  const found = product?.serialNumber ? `${lot}/21/${product.serialNumber}` : lot;
  const ok = [found, found.replace(/\/10.*(?=\/21)/, '')].includes(goods);
  return { id: 'goods', state: ok ? 'ok' : 'failed', code: ok ? 'ok' : 'other_goods', params: { found } };
}

// What verifyBundle finds, and whether the passport is that of the goods whose code was read: "{GTIN}/10/{lot}",
// "{GTIN}/21/{serial}", or both in one.
export async function judge(bytes, { trust, code, goods, files = [], asOf, linkedData }) {
  const rpc = new URL('/chain', location).href;
  const report = await verifyBundle(bytes, { trust, rpc, expectedHash: code, files, asOf, linkedData });
  const unread = { id: 'goods', state: 'not_checked', code: 'not_reached', params: {} };
  const line = report.credential ? checkGoods(report.credential, goods) : unread;
  report.checks.splice(1, 0, line);
  if (line.state === 'failed') report.verdict = 'invalid';
  return report;
}

// That a list's anchor is not proven follows from the chain's silence, which is the thing to tell.
export const worstOf = ({ checks }) => {
  const first = (test) => checks.find(test);
  return first(({ state }) => state === 'failed') ?? first(({ state, code }) => state === 'not_checked' && code !== 'status_unproven')
    ?? first(({ state }) => state === 'not_checked');
};

// The band's sentence, from the page's own words.
export function why(words, { verdict, checks }) {
  if (verdict === 'valid') return words['why.good'];
  const { id, code, state } = worstOf({ checks });
  if (state === 'failed') return words[`why.${code}`] ?? words[`why.${id}`] ?? words['why.changed'];
  if (id === 'inclusion' || id === 'anchor') return words[`why.${code}`] ?? words['why.chain'];
  return words['why.part'];
}

// Sentences with {names} in them; instants are written in the company's zone.
export function wording(timeZone) {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const stamp = (value) => (/^\d{4}-\d\d-\d\dT.*Z$/.test(value) ? format.format(new Date(value)) : `${value ?? '·'}`);
  const filled = (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, name) => stamp(values[name]));
  return { stamp, filled };
}
