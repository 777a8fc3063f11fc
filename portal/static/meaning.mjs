// The reader of linked data as a portal's page has it: contexts and library from the portal that serves the page.
// Loaded only when a visitor asks for it.
import { linkedDataReader } from './linkeddata.mjs';

const LIBRARY = new URL('./vendor/jsonld-9.0.0/jsonld.esm.min.js', import.meta.url);

// The library is a classic script, whatever its name says.
async function library() {
  if (!globalThis.jsonld) {
    await new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement('script'), { src: LIBRARY, onload: resolve, onerror: reject });
      document.head.append(script);
    });
  }
  return globalThis.jsonld;
}

export const meaningReader = () => linkedDataReader(async (file) => (await fetch(`/contexts/${file}`)).text(), library);
