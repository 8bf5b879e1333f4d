/** What the user can do about what is shared, besides starting and stopping it. */

import { OwnWindows } from './own-windows.js';
import { WHOLE } from './state.js';

/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {import('./state.js').Store} Store */
/** @typedef {import('./state.js').Sight} Sight */

export class ShareActions {
  #store;
  #post;

  /** @param {Store} store @param {import('./actions.js').Post} post To the worker. */
  constructor(store, post) {
    this.#store = store;
    this.#post = post;
    this.own = new OwnWindows(() => this.#tell());
  }

  /** @returns {boolean} Whether the page's own windows may be on what is shared. */
  get #mayFilmItself() {
    return this.#store.state.share.surface === 'monitor';
  }

  /**
   * Something is shared from now on, or something else.
   *
   * @param {string} surface
   * @param {string} label
   * @returns {{ region: Rect | null, masks: Rect[] }} What of it may be seen.
   */
  begin(surface, label) {
    this.#store.update({
      share: { state: 'on', isPaused: false, surface, label }, sight: WHOLE, picture: null, mark: null,
    });
    this.own.watch(this.#mayFilmItself);
    return this.#sight();
  }

  end() {
    this.own.watch(false);
    this.#store.update({
      share: { state: 'off', isPaused: false, surface: '', label: '' }, sight: WHOLE, picture: null,
      mark: null,
    });
  }

  /** @returns {{ region: Rect | null, masks: Rect[] }} For the worker. */
  #sight() {
    const { region, masks, hidesOwn } = this.#store.state.sight;
    const own = hidesOwn && this.#mayFilmItself ? this.own.rects : [];
    return { region, masks: [...masks, ...own] };
  }

  #tell() {
    this.#post('sight', { sight: this.#sight() });
    this.tellWhetherCalm();
  }

  /** Where it cannot be told whether this page is seen, what is seen is sent seldom. */
  tellWhetherCalm() {
    const isSeen = this.#mayFilmItself && document.visibilityState === 'visible';
    this.#post('calm', { isCalm: isSeen && this.own.rects.length === 0 });
  }

  /** @param {Partial<Sight>} change Rectangles in fractions of what is shared. */
  see(change) {
    this.#store.update({ sight: { ...this.#store.state.sight, ...change }, mark: null });
    this.#tell();
  }

  /** Look away, or at it again. */
  togglePause() {
    const { share } = this.#store.state;
    if (share.state !== 'on') return;
    const isPaused = !share.isPaused;
    this.#store.update({ share: { ...share, isPaused }, mark: null });
    this.#post('pause', { isPaused });
  }

  /** Send what is seen now, whether or not it has changed. */
  lookNow() {
    const { state, isPaused } = this.#store.state.share;
    if (state === 'on' && !isPaused) this.#post('look');
  }
}
