/** The pictures that were sent, at their own size, one after another. */

import { byRole, write } from './dom.js';
import { PictureUrls } from './picture-urls.js';
import { factsOf, nameOf } from './view-preview.js';

/** @typedef {import('./state.js').Store} Store */
/** @typedef {import('./state.js').Seen} Seen */

export class ZoomView {
  #store;
  #dialog = /** @type {HTMLDialogElement} */ (byRole('zoom'));
  #image = /** @type {HTMLImageElement} */ (byRole('zoom-image'));
  #urls = new PictureUrls();
  /** @type {Seen | null} */
  #shown = null;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
    this.#dialog.addEventListener('keydown', (event) => this.#onKey(event));
    this.#dialog.addEventListener('close', () => this.#show(null));
  }

  /** @param {number} number Of the picture; the newest overview if it is not there. */
  open(number) {
    const { pictures, picture, lines } = this.#store.state;
    // An answer keeps what it is based on for longer than the row of pictures does.
    const kept = [...pictures, ...lines.map((line) => line.picture)];
    const wanted = kept.find((seen) => seen?.number === number) ?? picture;
    if (!wanted) return;
    this.#show(wanted);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** @param {number} by How many pictures further; negative for earlier ones. */
  step(by) {
    const next = this.#store.state.pictures[this.#place + by];
    if (next) this.#show(next);
  }

  /** In the row of pictures; -1 before all that are left of it. */
  get #place() {
    return this.#store.state.pictures.findIndex(({ number }) => number === this.#shown?.number);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    // In the frame the arrows scroll the picture.
    if (!by || event.target === byRole('zoom-frame')) return;
    event.preventDefault();
    this.step(by);
  }

  /** @param {Seen | null} picture */
  #show(picture) {
    this.#shown = picture;
    this.#urls.keep(picture ? [picture] : []);
    if (!picture) {
      this.#image.removeAttribute('src');
      return;
    }
    this.#image.src = this.#urls.of(picture);
    this.#image.alt = `${nameOf(picture)}, at its own size`;
    write(byRole('zoom-title'), nameOf(picture));
    write(byRole('zoom-facts'), factsOf(picture));
    /** @type {HTMLButtonElement} */ (byRole('earlier')).disabled = this.#place <= 0;
    /** @type {HTMLButtonElement} */ (byRole('later')).disabled = this.#place + 1 === this.#store.state.pictures.length;
  }
}
