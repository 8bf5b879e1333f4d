/**
 * Where the assistant points, for as long as what it points at is there. Runs in the worker.
 *
 * Pure: no clock, no screen of its own.
 */

import { differsWithin } from './luma-diff.js';
import { onEvenGrid, scaled } from './regions.js';

/** @typedef {import('./luma-diff.js').Look} Look */
/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {import('./regions.js').Size} Size */
/** @typedef {{ call: string, x: number, y: number, label: string, frame: number }} Mark In fractions of the overview. */

/** A model does not point at what it saw longer ago than this many overviews. */
const KEPT_OVERVIEWS = 6;
/** If anything changes this close around the place, it is no longer what was meant. Overview pixels. */
const AROUND = Object.freeze({ width: 160, height: 96 });
const LABEL_CHARS = 80;

export class Pointing {
  /** @type {{ number: number, look: Look, frame: Size }[]} Oldest first. */
  #overviews = [];
  /** @type {{ mark: Mark, look: Look, around: Rect } | null} */
  pointed = null;

  /** An overview was sent. @param {number} number @param {Look} look @param {Size} frame */
  remember(number, look, frame) {
    this.#overviews = [...this.#overviews.slice(1 - KEPT_OVERVIEWS), { number, look, frame }];
  }

  /** Forget all: what was seen is not to be seen any more. */
  clear() {
    this.#overviews = [];
    this.pointed = null;
  }

  /**
   * Point at a place.
   *
   * @param {string} call
   * @param {Record<string, unknown>} args Of `point_at`: `x` and `y` in pixels of the overview that
   *   `frame` names, and a `label`.
   * @param {Look} now How the screen looks.
   * @returns {Mark | string} Why not, in a sentence.
   */
  pointAt(call, args, now) {
    const { x, y } = { x: Number(args.x), y: Number(args.y) };
    const seen = this.#overviews.find(({ number }) => number === Number(args.frame));
    if (!seen) return 'That frame is too old, or was never sent. Point into the newest one.';
    const { look, frame } = seen;
    if (!(x >= 0 && y >= 0 && x <= frame.width && y <= frame.height)) {
      return `That place lies outside of the frame, which is ${frame.width}x${frame.height}.`;
    }
    const near = { x: x - AROUND.width / 2, y: y - AROUND.height / 2, ...AROUND };
    const around = onEvenGrid(scaled(near, look.width / frame.width, look.height / frame.height), look);
    if (!around || differsWithin(look, now, around)) {
      return 'What was there has changed since that frame. Look at the newest one.';
    }
    const label = String(args.label ?? '').slice(0, LABEL_CHARS);
    const mark = { call, x: x / frame.width, y: y / frame.height, label, frame: Number(args.frame) };
    this.pointed = { mark, look, around };
    return mark;
  }

  /**
   * The screen looks different.
   *
   * @param {Look} now
   * @returns {boolean} Whether what was pointed at is gone.
   */
  dropStale(now) {
    if (!this.pointed || !differsWithin(this.pointed.look, now, this.pointed.around)) return false;
    this.pointed = null;
    return true;
  }

  /** @param {string} call @returns {boolean} Whether it was this call's mark that is shown. */
  cancel(call) {
    if (this.pointed?.mark.call !== call) return false;
    this.pointed = null;
    return true;
  }
}
