/**
 * What changed between two pictures of a screen, by exact comparison of their brightness, and of
 * their colours where brightness is the same.
 *
 * The usual way, comparing thumbnails, does not see one changed digit: in 160 × 90 it moves no cell
 * by more than noise. Comparing every sample, four at a time, costs about 8 ms at 1920 × 1080 and
 * sees everything; a blinking text cursor is then taken out by its shape.
 *
 * Pure.
 */

import { scaled } from './regions.js';

export const TILE_PX = 64;
/** Differences up to this come from video compression on the way from the compositor. */
const THRESHOLD = 12;
/** A text cursor is this wide at most, and this high; what is lower is a comma that became a dot. */
const CARET_WIDTH_PX = 3;
const CARET_LEAST_HEIGHT_PX = 10;
const CARET_HEIGHT_PX = 40;

/**
 * One plane of brightness; rows follow each other without padding.
 * @typedef {{ samples: Uint8Array<ArrayBuffer>, width: number, height: number }} Luma
 */
/**
 * One plane of colour; each of its samples stands for `across` × `down` pixels.
 * @typedef {Luma & { across: number, down: number }} Chroma
 */
/** How a screen looks. @typedef {Luma & { colours: readonly Chroma[] }} Look */
/** @typedef {import('./regions.js').Rect} Rect */

/** The columns and rows of a tile in which something differs. */
class TileBoxes {
  #left;
  #top;
  #bottom;

  /** @param {number} count */
  constructor(count) {
    this.#left = new Int32Array(count).fill(0x7fffffff);
    this.right = new Int32Array(count).fill(-1);
    this.#top = new Int32Array(count).fill(0x7fffffff);
    this.#bottom = new Int32Array(count).fill(-1);
  }

  /** @param {number} tile @param {number} x @param {number} y */
  add(tile, x, y) {
    if (x < this.#left[tile]) this.#left[tile] = x;
    if (x > this.right[tile]) this.right[tile] = x;
    if (y < this.#top[tile]) this.#top[tile] = y;
    this.#bottom[tile] = y;
  }

  /** @param {number} tile @returns {boolean} Whether it holds no more than a thin upright line. */
  isThin(tile) {
    const width = this.right[tile] - this.#left[tile] + 1;
    return width > 0 && width <= CARET_WIDTH_PX;
  }

  /**
   * Whether all that differs in a tile is a text cursor, or the part of one that reaches into it.
   *
   * @param {number} tile
   * @param {number} columns
   */
  isCaret(tile, columns) {
    if (!this.isThin(tile)) return false;
    let [top, bottom] = [this.#top[tile], this.#bottom[tile]];
    const [above, below] = [tile - columns, tile + columns];
    if (this.isThin(above) && this.#bottom[above] === top - 1) top = this.#top[above];
    if (this.isThin(below) && this.#top[below] === bottom + 1) bottom = this.#bottom[below];
    const height = bottom - top + 1;
    return height >= CARET_LEAST_HEIGHT_PX && height <= CARET_HEIGHT_PX;
  }

  /** @param {number} tile @returns {Rect} */
  boxOf(tile) {
    const [x, y] = [this.#left[tile], this.#top[tile]];
    return { x, y, width: this.right[tile] - x + 1, height: this.#bottom[tile] - y + 1 };
  }
}

/** @param {Luma} luma @returns {Uint32Array | null} Four samples per word, if rows align to it. */
function asWords({ samples, width }) {
  if (width % 4 !== 0 || samples.byteOffset % 4 !== 0 || samples.byteLength % 4 !== 0) return null;
  return new Uint32Array(samples.buffer, samples.byteOffset, samples.byteLength / 4);
}

/**
 * @param {Luma} before
 * @param {Luma} after Of the same size.
 * @param {number} columns
 * @returns {TileBoxes}
 */
function boxesOf(before, after, columns) {
  const { width, height } = after;
  const [old, now] = [before.samples, after.samples];
  const [oldWords, nowWords] = [asWords(before), asWords(after)];
  const step = oldWords && nowWords ? 4 : 1;
  const boxes = new TileBoxes(columns * Math.ceil(height / TILE_PX));
  for (let y = 0; y < height; y += 1) {
    const row = y * width;
    const tileRow = Math.floor(y / TILE_PX) * columns;
    for (let x = 0; x < width; x += step) {
      const at = row + x;
      if (oldWords && nowWords && oldWords[at >> 2] === nowWords[at >> 2]) continue;
      for (let k = 0; k < step; k += 1) {
        const difference = now[at + k] - old[at + k];
        if (difference > THRESHOLD || difference < -THRESHOLD) {
          boxes.add(tileRow + ((x + k) >> 6), x + k, y);
        }
      }
    }
  }
  return boxes;
}

/**
 * Compare two pictures.
 *
 * @param {Luma | null} before `null` before the first picture: everything is new.
 * @param {Luma} after
 * @returns {Rect[]} What differs, in pixels: one box per tile of 64 px, drawn tight; a text cursor
 *   counts for nothing. The whole picture if there is nothing to compare it with.
 */
export function compareLuma(before, after) {
  const { width, height } = after;
  if (!before || before.width !== width || before.height !== height) {
    return [{ x: 0, y: 0, width, height }];
  }
  const columns = Math.ceil(width / TILE_PX);
  const boxes = boxesOf(before, after, columns);
  /** @type {Rect[]} */
  const changed = [];
  for (let tile = 0; tile < boxes.right.length; tile += 1) {
    if (boxes.right[tile] >= 0 && !boxes.isCaret(tile, columns)) changed.push(boxes.boxOf(tile));
  }
  return changed;
}

/**
 * Compare two pictures, their colours too: a lamp that turns from red to green may stay as bright.
 *
 * @param {Look | null} before `null` before the first picture: everything is new.
 * @param {Look} after
 * @returns {Rect[]} What differs, in pixels: boxes of a tile each, those of colour larger.
 */
export function compareLooks(before, after) {
  const changed = compareLuma(before, after);
  if (!before || before.width !== after.width || before.height !== after.height) return changed;
  const coloured = after.colours.flatMap((plane, i) => {
    const { across, down } = plane;
    return compareLuma(before.colours[i], plane)
      .map((box) => scaled(box, across, down))
      // A text cursor may have a colour; what is as thin as one is told by its brightness.
      .filter(({ width }) => width > CARET_WIDTH_PX + across);
  });
  return [...changed, ...coloured];
}

/**
 * @template {Luma} T
 * @param {T} plane
 * @param {Rect} region Whole samples, within it.
 * @returns {T}
 */
function cut(plane, { x, y, width, height }) {
  const samples = new Uint8Array(width * height);
  for (let row = 0; row < height; row += 1) {
    const from = (y + row) * plane.width + x;
    samples.set(plane.samples.subarray(from, from + width), row * width);
  }
  return { ...plane, samples, width, height };
}

/** @param {Look} look @param {Rect} region On the even grid. @returns {Look} */
function part(look, region) {
  const colours = look.colours.map((plane) => {
    const { x, y, width, height } = scaled(region, 1 / plane.across, 1 / plane.down);
    return cut(plane, { x, y, width: Math.floor(width), height: Math.floor(height) });
  });
  return { ...cut(look, region), colours };
}

/**
 * Whether something differs between two pictures within `region`.
 *
 * @param {Look} before
 * @param {Look} after
 * @param {Rect} region On the even grid, within both.
 * @returns {boolean} Also if they differ in size, since nothing is where it was then.
 */
export function differsWithin(before, after, region) {
  if (before.width !== after.width || before.height !== after.height) return true;
  return compareLooks(part(before, region), part(after, region)).length > 0;
}
