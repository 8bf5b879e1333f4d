/** "What I see": the last picture that was really sent, and what of the screen may be seen. */

import { byRole, make, write } from './dom.js';
import { ago, kilobytes } from './format.js';
import { drawOverlay } from './overlay.js';
import { PictureUrls } from './picture-urls.js';

/** @typedef {import('./state.js').PageState} PageState */
/** @typedef {import('./state.js').Seen} Seen */

const AGE_EVERY_MS = 1_000;

/** @param {Seen} picture @returns {string} For instance `Close-up of frame 12`. */
export function nameOf({ number, overview }) {
  return overview > 0 ? `Close-up of frame ${overview}` : `Frame ${number}`;
}

/** @param {Seen} picture @returns {string} Size, weight and age. */
export function factsOf({ overview, frame, width, height, bytes, sentMs }) {
  const size = overview > 0 ? { width, height } : frame;
  return `${size.width} × ${size.height} · ${kilobytes(bytes)} · sent ${ago(Date.now() - sentMs)}`;
}

/** @param {PageState} state @returns {string} What of the share is not seen. */
function limits({ share, sight }) {
  if (share.isPaused) return 'Paused: nothing is sent. ';
  const { length } = sight.masks;
  return [
    sight.region ? 'Only a part is shared. ' : '',
    length > 0 ? `${length} part${length === 1 ? '' : 's'} hidden. ` : '',
  ].join('');
}

export class PreviewView {
  #urls = new PictureUrls();
  #image = /** @type {HTMLImageElement} */ (byRole('picture-image'));
  #overlay = /** @type {SVGElement} */ (/** @type {unknown} */ (byRole('picture-overlay')));
  #strip = byRole('strip');
  /** @type {PageState | null} */
  #state = null;

  constructor() {
    setInterval(() => this.#drawAge(), AGE_EVERY_MS);
  }

  /** @param {PageState} state */
  draw(state) {
    const old = this.#state;
    this.#state = state;
    this.#drawControls(state);
    if (state.picture !== old?.picture || state.pictures !== old?.pictures || state.mark !== old?.mark) {
      this.#drawPicture(state);
    }
    if (state.pictures !== old?.pictures) this.#drawStrip(state.pictures);
    this.#drawAge();
  }

  /** @param {PageState} state */
  #drawControls({ share, picture }) {
    const isOn = share.state === 'on';
    byRole('sight-controls').hidden = !isOn;
    byRole('picture').dataset.paused = String(share.isPaused);
    write(byRole('pause-label'), share.isPaused ? 'Resume' : 'Pause');
    byRole('pause').querySelector('use')?.setAttribute('href', share.isPaused ? '#i-eye' : '#i-pause');
    /** @type {HTMLButtonElement} */ (byRole('look')).disabled = share.isPaused;
    byRole('picture').hidden = picture === null;
    byRole('picture-none').hidden = picture !== null;
    write(byRole('picture-none-text'), isOn ? 'Waiting for the first picture.' : 'Nothing is shared.');
  }

  /** @param {PageState} state */
  #drawPicture({ picture, pictures, mark }) {
    write(byRole('mark-label'), mark ? `It points at: ${mark.label || 'this place'}` : '');
    byRole('mark-label').hidden = mark === null;
    if (!picture) {
      this.#image.removeAttribute('src');
      return;
    }
    const url = this.#urls.of(picture);
    if (this.#image.src !== url) this.#image.src = url;
    const closeUps = pictures.filter(({ overview }) => overview === picture.number);
    drawOverlay(this.#overlay, picture, closeUps, mark);
  }

  /** @param {readonly Seen[]} pictures */
  #drawStrip(pictures) {
    this.#urls.keep(pictures);
    this.#strip.hidden = pictures.length < 2;
    const known = new Map([...this.#strip.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.number, child]));
    const items = pictures.map((picture) => known.get(String(picture.number)) ?? this.#thumbnail(picture));
    this.#strip.replaceChildren(...items.reverse());
  }

  /** @param {Seen} picture */
  #thumbnail(picture) {
    const item = make('li', '');
    item.dataset.number = String(picture.number);
    const button = make('button', 'thumbnail');
    button.type = 'button';
    button.dataset.action = 'zoom';
    button.dataset.number = String(picture.number);
    const image = make('img', '');
    image.src = this.#urls.of(picture);
    image.alt = nameOf(picture);
    button.append(image);
    item.append(button);
    return item;
  }

  #drawAge() {
    if (!this.#state) return;
    const { picture, share } = this.#state;
    const facts = picture ? factsOf(picture) : share.state === 'on' ? '' : 'No picture leaves this machine.';
    const parts = [share.state === 'on' ? share.label : '', facts].filter(Boolean);
    write(byRole('picture-facts'), limits(this.#state) + parts.join(' · '));
  }
}
