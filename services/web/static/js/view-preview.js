/** What was really sent: the last picture, the level of the microphone, the tokens used. */

import { byRole, write } from './dom.js';
import { ago, count, kilobytes } from './format.js';

/** @typedef {import('./state.js').PageState} PageState */

/** The meter spans speech: from a quiet room to a raised voice. */
const QUIET_DB = -58;
const LOUD_DB = -12;
const AGE_EVERY_MS = 1_000;

/** @param {PageState} state @returns {string} */
function microphoneFacts({ microphone, settings }) {
  if (microphone.state === 'off') return 'The microphone is off.';
  if (microphone.state === 'muted') return 'Muted: no sound is sent.';
  const name = microphone.label || 'Microphone';
  return settings.turnTaking === 'push_to_talk' ? `${name} · sent while held` : name;
}

export class PreviewView {
  constructor() {
    this.image = /** @type {HTMLImageElement} */ (byRole('picture-image'));
    this.zoomImage = /** @type {HTMLImageElement} */ (byRole('zoom-image'));
    this.facts = byRole('picture-facts');
    this.zoomFacts = byRole('zoom-facts');
    this.meter = byRole('meter');
    this.mute = byRole('mute');
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
    write(byRole('microphone-facts'), microphoneFacts(state));
    if (state.microphone.state !== 'on') this.level(-100);
    const { turns, promptTokens, responseTokens, totalTokens } = state.usage;
    write(byRole('usage-facts'), turns === 0 ? 'No answer yet.' : `${count(totalTokens)} tokens in ${turns} ${
      turns === 1 ? 'answer' : 'answers'} · ${count(promptTokens)} in, ${count(responseTokens)} out`);
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
    const { width, height, bytes, timeMs } = picture;
    const facts = `${width} × ${height} · ${kilobytes(bytes)} · sent ${ago(Date.now() - timeMs)}`;
    write(this.facts, `${share.label} · ${facts}`);
    write(this.zoomFacts, facts);
  }

  /** @param {number} db How loud the microphone is; comes a dozen times a second. */
  level(db) {
    const isOn = this.state?.microphone.state === 'on';
    const share = !isOn ? 0 : Math.min(1, Math.max(0, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)));
    for (const element of [this.meter, this.mute]) {
      element.style.setProperty('--level', share.toFixed(3));
    }
  }
}
