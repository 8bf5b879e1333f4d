/** The samples of docs/protocol.md, which the gateway's tests read too. */

import { readFileSync } from 'node:fs';

const document = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

/**
 * @param {string} language `json` or `hex`.
 * @returns {{ label: string, body: string }[]}
 */
export function samples(language) {
  const fences = document.matchAll(/^```(\w+) ([^\n]+)\n([\s\S]*?)^```/gm);
  return [...fences]
    .filter(([, found]) => found === language)
    .map(([, , label, body]) => ({ label, body: body.trim() }));
}

/** @param {string} hex Spaces between the fields. @returns {ArrayBuffer} */
export function bytesOf(hex) {
  const digits = hex.replace(/\s/g, '').match(/../g) ?? [];
  return Uint8Array.from(digits, (pair) => Number.parseInt(pair, 16)).buffer;
}
