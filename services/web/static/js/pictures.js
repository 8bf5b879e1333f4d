/**
 * Makes the pictures that are sent out of one shot of the screen: its overview, and close-ups that
 * belong to an overview. Runs in the worker.
 */

import { closeUpCaption, encodeJpeg, overviewCaption, overviewSize } from './encoder.js';
import { CLOSE_UP_MAX, scaled } from './regions.js';

/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {import('./regions.js').Size} Size */
/** @typedef {import('./shot.js').Shot} Shot */

/**
 * @typedef {object} Picture
 * @property {number} number
 * @property {number} overview Of a close-up: the number of the overview that it belongs to; 0 of an
 *   overview.
 * @property {boolean} isUrgent It belongs to a question and is not to wait for anything.
 * @property {Blob} blob
 * @property {Uint8Array} jpeg
 * @property {number} width With the caption.
 * @property {number} height With the caption.
 * @property {Size} frame Of the overview, without its caption.
 * @property {Rect} region What is seen of it, in pixels of the overview.
 * @property {readonly Rect[]} changed What made it be sent, in pixels of the overview.
 * @property {number} timeMs When the screen looked like that, ms since 1970.
 */
/** @typedef {Pick<Picture, 'isUrgent' | 'changed'> & { quality: number }} Options */

/**
 * @param {CanvasImageSource} source Pixels of `shot`.
 * @param {Shot} shot
 * @param {number} number
 * @param {Options} options `changed` in pixels of the screen.
 * @returns {Promise<Picture>}
 */
export async function overviewOf(source, { look, timeMs }, number, { isUrgent, quality, changed }) {
  const frame = overviewSize(look);
  const whole = { x: 0, y: 0, width: look.width, height: look.height };
  const caption = overviewCaption(number, frame);
  const encoded = await encodeJpeg(source, whole, frame, { caption, quality });
  return {
    ...(await asPicture(encoded)),
    number, overview: 0, isUrgent, timeMs, frame, region: { x: 0, y: 0, ...frame },
    changed: changed.map((box) => inOverview(box, look, frame)),
  };
}

/**
 * @param {CanvasImageSource} source Pixels of `shot`.
 * @param {Shot} shot
 * @param {{ number: number, overview: number, part: Rect }} what `part` in pixels of the screen; one
 *   that is larger than a close-up is scaled down to it.
 * @param {Omit<Options, 'changed'>} options
 * @returns {Promise<Picture>}
 */
export async function closeUpOf(source, { look, timeMs }, { number, overview, part }, { isUrgent, quality }) {
  const frame = overviewSize(look);
  const region = inOverview(part, look, frame);
  const scale = Math.min(1, CLOSE_UP_MAX.width / part.width, CLOSE_UP_MAX.height / part.height);
  const size = { width: Math.round(part.width * scale), height: Math.round(part.height * scale) };
  const caption = closeUpCaption(overview, region);
  const encoded = await encodeJpeg(source, part, size, { caption, quality });
  return {
    ...(await asPicture(encoded)), number, overview, isUrgent, timeMs, frame, region, changed: [],
  };
}

/** @param {Rect} box Pixels of the screen. @param {Size} screen @param {Size} frame @returns {Rect} */
function inOverview(box, screen, frame) {
  return scaled(box, frame.width / screen.width, frame.height / screen.height);
}

/** @param {import('./encoder.js').Encoded} encoded */
async function asPicture(encoded) {
  return { ...encoded, jpeg: new Uint8Array(await encoded.blob.arrayBuffer()) };
}
