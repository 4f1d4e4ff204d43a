// Service worker of the built page; the build fills in the names. Every build has a cache of its own, which holds all its
// files: what is shown fits together, and opens without a network.
const cache = 'CACHE';
const files = ['FILES'];

addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cache)
      .then((opened) => opened.addAll(files))
      .then(() => skipWaiting()),
  );
});

addEventListener('activate', (event) => {
  const old = (name) => name.startsWith('ketwork-playground-') && name !== cache;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

async function answer(request) {
  const kept = await caches.match(request, { ignoreSearch: true });
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  if (response.ok) await (await caches.open(cache)).put(request, response.clone());
  return response;
}

addEventListener('fetch', (event) => {
  const { request } = event;
  const here = new URL(request.url).origin === location.origin;
  if (request.method === 'GET' && here) event.respondWith(answer(request));
});
