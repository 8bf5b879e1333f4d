/**
 * Makes the pictures of a shot one after another, has them sent, and remembers what was sent last.
 * Runs in the worker.
 */

import { compareLooks } from './luma-diff.js';
import { closeUpOf, overviewOf } from './pictures.js';
import { closeUpsOf } from './regions.js';
import { nowMs } from './socket.js';

/** @typedef {import('./shot.js').Shot} Shot */
/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {import('./pictures.js').Picture} Picture */
/**
 * @typedef {object} View What was sent last and is still to be seen.
 * @property {Picture} overview
 * @property {Picture[]} closeUps
 * @property {import('./luma-diff.js').Look} look
 */
/**
 * @typedef {object} Line
 * @property {() => number | null} nextNumber Reserves the number of a picture; `null` before the
 *   first connection, when nobody knows where the row begins.
 * @property {(picture: Picture) => void} onPicture To be sent.
 */

/** Sent again with their overview after a reconnect. */
const KEPT_CLOSE_UPS = 3;

export class PictureSender {
  #line;
  #pointing;
  /** Counts what makes earlier work void: pictures of what may not be seen any more are let go. */
  version = 0;
  /** @type {View | null} */
  view = null;
  /** @type {Rect[]} Where it changed last and no close-up was sent of; pixels of the screen. */
  places = [];
  #work = Promise.resolve();
  #jobs = 0;

  /**
   * @param {Line} line
   * @param {import('./pace.js').Pace} pace Is told of each picture.
   * @param {import('./pointing.js').Pointing} pointing Is told of each overview.
   */
  constructor(line, pace, pointing) {
    this.#line = line;
    this.pace = pace;
    this.#pointing = pointing;
  }

  get isBusy() {
    return this.#jobs > 0;
  }

  /** Forget what was sent, and let go of what is being made. */
  forget() {
    this.version += 1;
    this.view = null;
    this.places = [];
  }

  /**
   * Make pictures one after another, because their numbers have to arrive in order.
   *
   * @param {() => Promise<unknown>} job
   * @returns {Promise<void>}
   */
  inTurn(job) {
    this.#jobs += 1;
    this.#work = this.#work.then(job).then(() => undefined, reportError).finally(() => {
      this.#jobs -= 1;
    });
    return this.#work;
  }

  /** @param {Shot} shot @returns {Rect[]} What has changed since the last overview; also noted. */
  noticeChange(shot) {
    const changed = compareLooks(this.view?.look ?? null, shot.look);
    // Of the first picture everything is new, and no place more than another.
    if (changed.length > 0) this.places = this.view ? closeUpsOf(changed, shot.look) : [];
    return changed;
  }

  /**
   * Send an overview and up to `closeUps` of the places that changed; to be called in turn.
   *
   * @param {Shot} shot
   * @param {{ changed: Rect[], closeUps: number, isUrgent: boolean }} what
   */
  async send(shot, { changed, closeUps, isUrgent }) {
    const number = this.#line.nextNumber();
    if (number === null) return;
    const { version, pace } = this;
    const { quality } = pace.plan;
    // Counted before it is made, so that a change meanwhile counts as one of its own.
    pace.onSent(nowMs());
    const options = { isUrgent, quality, changed: this.view ? changed : [] };
    const overview = await shot.draw((source) => overviewOf(source, shot, number, options));
    if (version !== this.version) return;
    this.view = { overview, closeUps: [], look: shot.look };
    this.#pointing.remember(number, shot.look, overview.frame);
    this.#line.onPicture(overview);
    await this.sendCloseUps(shot, closeUps, isUrgent);
  }

  /**
   * Send close-ups of the places that changed last; to be called in turn.
   *
   * @param {Shot} shot
   * @param {number} count At most.
   * @param {boolean} isUrgent
   */
  async sendCloseUps(shot, count, isUrgent) {
    const places = this.places.slice(0, count);
    this.places = this.places.slice(places.length);
    if (places.length > 0) this.pace.onMore(nowMs(), places.length);
    for (const part of places) await this.sendCloseUp(shot, part, isUrgent);
  }

  /**
   * Send a close-up of one part; to be called in turn.
   *
   * @param {Shot} shot
   * @param {Rect} part Pixels of the screen.
   * @param {boolean} isUrgent
   * @returns {Promise<Picture | null>} `null` if it became void meanwhile.
   */
  async sendCloseUp(shot, part, isUrgent) {
    const { version, view } = this;
    const number = this.#line.nextNumber();
    if (!view || number === null) return null;
    const what = { number, overview: view.overview.number, part };
    const { quality } = this.pace.plan;
    const picture = await shot.draw((source) => closeUpOf(source, shot, what, { isUrgent, quality }));
    if (version !== this.version) return null;
    view.closeUps = [...view.closeUps.slice(1 - KEPT_CLOSE_UPS), picture];
    this.#line.onPicture(picture);
    return picture;
  }

  /** Send what was sent last again: a new connection may know nothing of it. */
  resend() {
    if (!this.view) return;
    for (const picture of [this.view.overview, ...this.view.closeUps]) this.#line.onPicture(picture);
  }
}
