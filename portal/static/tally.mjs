// Small comforts. Every page works without this file.

// Changing the language keeps the fragment: a passport's printed hash lives there and never reaches the server.
for (const link of document.querySelectorAll('.lang a[href*="/lang?"]')) {
  link.addEventListener('click', () => {
    if (!location.hash) return;
    const url = new URL(link.href);
    url.searchParams.set('next', (url.searchParams.get('next') || '/') + location.hash);
    link.href = url.href;
  });
}

// A toast can be put away.
for (const toast of document.querySelectorAll('.toast')) {
  toast.addEventListener('keydown', (event) => { if (event.key === 'Escape') toast.remove(); });
}
