/** Numbers and times as people read them. Pure. */

const COUNT = new Intl.NumberFormat('en-US');
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** @param {number} ageMs @returns {string} For instance `just now`, `12 s ago`, `3 min ago`. */
export function ago(ageMs) {
  const seconds = Math.max(0, Math.round(ageMs / 1_000));
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

/** @param {number} bytes @returns {string} */
export function kilobytes(bytes) {
  return `${COUNT.format(Math.max(1, Math.round(bytes / 1_000)))} kB`;
}

/** @param {number} value @returns {string} */
export function count(value) {
  return COUNT.format(value);
}

/** @param {number} timeMs @returns {string} */
export function clock(timeMs) {
  return CLOCK.format(timeMs);
}

/** @param {number} ms @returns {string} For instance `4 seconds`. */
export function seconds(ms) {
  const value = Math.max(1, Math.round(ms / 1_000));
  return `${value} second${value === 1 ? '' : 's'}`;
}

/**
 * Split off the sentences of a growing text that are complete.
 *
 * @param {string} text
 * @param {boolean} isFinal Nothing more will come, so the rest is a sentence too.
 * @returns {string} Its beginning, up to the end of the last complete sentence.
 */
export function completeSentences(text, isFinal) {
  if (isFinal) return text;
  const ends = [...text.matchAll(/[.!?…][)"'”’]*\s/gu)];
  const last = ends.at(-1);
  return last ? text.slice(0, last.index + last[0].length) : '';
}
