// Reads what a code says: a passport of this house, or something else, and what. Sources: GS1 Digital Link URI
// Syntax 1.2 (/01/{GTIN}/10/{lot}, /01/{GTIN}/21/{serial}, /01/{GTIN}/10/{lot}/21/{serial}), GS1 General Specifications
// 3.4.2 (lot), 3.5.2 (serial number), 7.8 (element strings), 7.9 (check digit).

const LINK = /^\/01\/(\d{8,14})(?=\/[12])(?:\/10\/([^/]+))?(?:\/21\/([^/]+))?\/?$/;
const NAME = /^[A-Za-z0-9!"%&'()*+,\-./:;<=>?_]{1,20}$/;

export function toGTIN14(text) {
  const digits = text.replace(/[\s-]/g, '');
  if (!/^(\d{8}|\d{12,14})$/.test(digits)) return null;
  const padded = digits.padStart(14, '0');
  const total = Array.from(padded, Number).reduce((sum, digit, place) => sum + digit * (place % 2 ? 1 : 3), 0);
  return total % 10 ? null : padded;
}

// The passport of a piece where there is a serial number, else of a lot; null where a part of it cannot be one. What is
// asked for is `goods`, as judging.mjs compares it: "{GTIN}/10/{lot}/21/{serial}" with what of it is known.
export function ofGoods(gtin, lot, serial, code = null) {
  const full = toGTIN14(gtin);
  if (!full || ![serial || lot, lot || serial].every((name) => NAME.test(name))) return null;
  const goods = [full, lot && `10/${lot}`, serial && `21/${serial}`].filter(Boolean).join('/');
  return { kind: 'passport', gtin: full, lot, serial, goods, code, key: `${full} ${[lot, serial].filter(Boolean).join(' ')} ${code ?? ''}` };
}

function ofAddress(text, origins) {
  let url;
  try {
    url = new URL(text);
    const [, gtin, ...names] = LINK.exec(url.pathname) ?? [];
    const passport = gtin && ofGoods(gtin, ...names.map((name) => decodeURIComponent(name ?? '')), /^#h=([\w-]{43})$/.exec(url.hash)?.[1] ?? null);
    if (passport && origins.includes(url.origin)) return passport;
    return { kind: passport ? 'other_house' : 'address', host: url.host };
  } catch {
    return { kind: 'address', host: url?.host ?? text.slice(0, 60) };
  }
}

function ofElements(text) {
  const values = new Map(Array.from(text.matchAll(/\((\d{2,4})\)([^(]*)/g), ([, name, value]) => [name, value.trim()]));
  return ofGoods(values.get('01') ?? '', values.get('10') ?? '', values.get('21') ?? '');
}

// Everything a camera may meet; `origins` are the addresses passports of this house are printed with.
export function read(text, origins) {
  const said = text.trim();
  const other = (kind, more = {}) => ({ kind, found: said.slice(0, 60), key: said, ...more });
  if (/^https?:\/\//i.test(said)) return other('address', ofAddress(said, origins));
  const passport = said.startsWith('(') && ofElements(said);
  return passport || other(toGTIN14(said) ? 'goods_only' : 'text');
}
