/** What was really seen: the last picture that was sent. */

import { byRole, write } from './dom.js';
import { ago, kilobytes } from './format.js';

/** @typedef {import('./state.js').PageState} PageState */

const AGE_EVERY_MS = 1_000;

export class PreviewView {
  constructor() {
    this.image = /** @type {HTMLImageElement} */ (byRole('picture-image'));
    this.zoomImage = /** @type {HTMLImageElement} */ (byRole('zoom-image'));
    this.facts = byRole('picture-facts');
    this.zoomFacts = byRole('zoom-facts');
    /** @type {PageState['picture']} */
    this.picture = null;
    this.url = '';
    /** @type {PageState | null} */
    this.state = null;
    setInterval(() => this.#drawAge(), AGE_EVERY_MS);
  }

  /** @param {PageState} state */
  draw(state) {
    this.state = state;
    this.#drawPicture(state);
    this.#drawAge();
  }

  /** @param {PageState} state */
  #drawPicture({ picture, share }) {
    byRole('picture').hidden = picture === null;
    byRole('picture-none').hidden = picture !== null;
    write(byRole('picture-none-text'), share.state === 'on' ? 'Waiting for the first picture.' : 'Nothing is shared.');
    if (picture === this.picture) return;
    this.picture = picture;
    const old = this.url;
    this.url = picture ? URL.createObjectURL(picture.blob) : '';
    for (const image of [this.image, this.zoomImage]) {
      if (this.url) image.src = this.url;
      else image.removeAttribute('src');
    }
    if (old) URL.revokeObjectURL(old);
  }

  #drawAge() {
    const { picture, share } = this.state ?? { picture: null, share: { state: 'off', label: '' } };
    if (!picture) {
      write(this.facts, share.state === 'on' ? share.label : 'No picture leaves this machine.');
      return;
    }
    const { width, height, bytes, sentMs } = picture;
    const facts = `${width} × ${height} · ${kilobytes(bytes)} · sent ${ago(Date.now() - sentMs)}`;
    write(this.facts, `${share.label} · ${facts}`);
    write(this.zoomFacts, facts);
  }
}
