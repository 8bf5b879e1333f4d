/** The icon in the browser's tab: the shape and the colour of what is going on. */

import { STATUSES } from './status.js';

/** Dark enough for a white shape on any tab. @type {Readonly<Record<string, string>>} */
const COLOURS = Object.freeze({
  quiet: '#5b5c65', wait: '#285a96', listen: '#0c5f5a', hear: '#1d6f38', think: '#7d5200',
  speak: '#4a3aa7', bad: '#b3261e',
});
const SHAPE = 'transform="translate(3.4 3.4) scale(.66)" fill="none" stroke="#fff" color="#fff"' +
  ' stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"';

/** @param {string} status A name in STATUSES. */
export function drawTabIcon(status) {
  const { tone, icon } = STATUSES[status];
  const shape = document.getElementById(`i-s-${icon}`)?.innerHTML ?? '';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><rect width="20" height="20" rx="5" fill="${
    COLOURS[tone]}"/><g ${SHAPE}>${shape}</g></svg>`;
  const link = document.querySelector('link[rel="icon"]');
  const href = status === 'idle' ? '/favicon.svg' : `data:image/svg+xml,${encodeURIComponent(svg)}`;
  if (link?.getAttribute('href') !== href) link?.setAttribute('href', href);
}
