// Keeps a passport page with all it needs, so that it opens again without a network. Its scope is /01/, so no page of
// people who sign in is ever under it; what it keeps it fetches without their cookies. The cache has the hash of the
// portal's files in its name: a new release starts anew and throws the old one away.
const CACHE = 'tally-passports-VERSION';
const KEPT = [
  /^\/01\/\d{14}\/(10|21)\/[^/]+$/,
  /^\/static\/\w+\/[\w.-]+$/,
  /^\/passport-words\/\w+\.json$/,
  /^\/bundles\/[0-9a-f]{64}\.json$/,
  /^\/\.well-known\/tallystick-trust\.json$/,
];
const ours = (url) => url.origin === self.location.origin && KEPT.some((shape) => shape.test(url.pathname));

async function keep(address) {
  const url = new URL(address, self.location.origin);
  if (!ours(url)) return;
  const answer = await fetch(url.pathname + url.search, { credentials: 'omit' });
  if (answer.ok && !/no-store/.test(answer.headers.get('Cache-Control'))) await (await caches.open(CACHE)).put(url.pathname, answer);
}

async function begin() {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await self.clients.claim();
}

// The network first: what is kept is only for when it does not answer.
async function answer(request, path) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(path, { ignoreVary: true })) ?? Response.error();
  }
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(begin()));
self.addEventListener('message', (event) => event.waitUntil(Promise.allSettled(event.data.map(keep))));
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method === 'GET' && ours(url)) event.respondWith(answer(event.request, url.pathname));
});
