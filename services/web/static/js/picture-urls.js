/** Addresses of pictures that the page holds, made once for each and given back when it is let go. */

/** @typedef {import('./state.js').Seen} Seen */

export class PictureUrls {
  /** @type {Map<Blob, string>} */
  #urls = new Map();

  /** @param {Seen} picture @returns {string} */
  of({ blob }) {
    const known = this.#urls.get(blob);
    if (known) return known;
    const url = URL.createObjectURL(blob);
    this.#urls.set(blob, url);
    return url;
  }

  /** Let go of all but these. @param {readonly Seen[]} pictures */
  keep(pictures) {
    const kept = new Set(pictures.map(({ blob }) => blob));
    for (const [blob, url] of this.#urls) {
      if (kept.has(blob)) continue;
      URL.revokeObjectURL(url);
      this.#urls.delete(blob);
    }
  }
}
