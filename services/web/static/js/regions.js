/**
 * Rectangles of the screen: where the close-ups go, and how pixels, fractions and the coordinates of
 * an overview are turned into each other.
 *
 * Pure.
 */

/** @typedef {{ x: number, y: number, width: number, height: number }} Rect */
/** @typedef {{ width: number, height: number }} Size */

/** A close-up with its caption stays within 768 × 768, which a model reads without scaling it down. */
export const CLOSE_UP_MAX = Object.freeze({ width: 768, height: 744 });
/** One changed digit says little without the row that it stands in. */
const CLOSE_UP_LEAST = Object.freeze({ width: 512, height: 256 });
/** What is kept around a change. */
const MARGIN_PX = 24;
/** Changes this close belong together. */
const NEAR_PX = 128;

/** @param {Rect} a @param {Rect} b @returns {Rect} The smallest that holds both. */
export function unite(a, b) {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** @param {Rect} a @param {Rect} b @returns {Rect | null} What both share. */
export function intersect(a, b) {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** @param {Rect} rect @param {number} scaleX @param {number} [scaleY] @returns {Rect} */
export function scaled(rect, scaleX, scaleY = scaleX) {
  return {
    x: rect.x * scaleX, y: rect.y * scaleY, width: rect.width * scaleX, height: rect.height * scaleY,
  };
}

/**
 * Whole pixels on an even grid that hold all of `rect`: pictures of the screen carry one sample of
 * colour for two by two pixels, and a box that cuts one in half would leave a fringe.
 *
 * @param {Rect} rect
 * @param {Size} bounds
 * @returns {Rect | null} `null` if nothing of it is within `bounds`.
 */
export function onEvenGrid(rect, { width, height }) {
  const left = 2 * Math.floor(rect.x / 2);
  const top = 2 * Math.floor(rect.y / 2);
  const right = 2 * Math.ceil((rect.x + rect.width) / 2);
  const bottom = 2 * Math.ceil((rect.y + rect.height) / 2);
  const box = { x: left, y: top, width: right - left, height: bottom - top };
  return intersect(box, { x: 0, y: 0, width, height });
}

/**
 * `rect` grown to at least `least`, around its middle, and moved into the screen.
 *
 * @param {Rect} rect
 * @param {Size} least
 * @param {Size} screen
 * @returns {Rect} Whole pixels, within the screen.
 */
function grown(rect, least, screen) {
  const width = Math.min(Math.max(rect.width, least.width), screen.width);
  const height = Math.min(Math.max(rect.height, least.height), screen.height);
  const x = Math.round(rect.x + (rect.width - width) / 2);
  const y = Math.round(rect.y + (rect.height - height) / 2);
  return {
    x: Math.min(Math.max(0, x), screen.width - width),
    y: Math.min(Math.max(0, y), screen.height - height),
    width,
    height,
  };
}

/** @param {Rect} a @param {Rect} b @returns {boolean} */
const areNear = (a, b) =>
  intersect({ x: a.x - NEAR_PX, y: a.y - NEAR_PX, width: a.width + 2 * NEAR_PX, height: a.height + 2 * NEAR_PX }, b) !== null;

/** @param {Size} size @returns {boolean} */
const fits = ({ width, height }) =>
  width + 2 * MARGIN_PX <= CLOSE_UP_MAX.width && height + 2 * MARGIN_PX <= CLOSE_UP_MAX.height;

/**
 * Gather changed tiles into few rectangles that each fit a close-up.
 *
 * @param {readonly Rect[]} changed Row by row, each smaller than a close-up.
 * @param {Size} screen
 * @returns {Rect[]} Whole pixels; the one with most of what changed comes first.
 */
export function closeUpsOf(changed, screen) {
  /** @type {{ box: Rect, area: number }[]} */
  const groups = [];
  for (const tile of changed) {
    const area = tile.width * tile.height;
    const group = groups.find(({ box }) => areNear(box, tile) && fits(unite(box, tile)));
    if (group) Object.assign(group, { box: unite(group.box, tile), area: group.area + area });
    else groups.push({ box: tile, area });
  }
  return groups
    .sort((a, b) => b.area - a.area)
    .map(({ box }) => {
      const padded = { width: box.width + 2 * MARGIN_PX, height: box.height + 2 * MARGIN_PX };
      const least = {
        width: Math.max(padded.width, CLOSE_UP_LEAST.width),
        height: Math.max(padded.height, CLOSE_UP_LEAST.height),
      };
      return grown(box, least, screen);
    });
}

/**
 * The pixels that a model means by a region of an overview.
 *
 * @param {Rect} asked In pixels of the overview.
 * @param {Size} overview
 * @param {Size} screen
 * @returns {Rect | null} Whole pixels of the screen; `null` if it lies outside.
 */
export function regionOfScreen(asked, overview, screen) {
  const scale = screen.width / overview.width;
  const inside = intersect(scaled(asked, scale, screen.height / overview.height), { x: 0, y: 0, width: screen.width, height: screen.height });
  if (!inside) return null;
  // What the model aims at is seldom exact to the pixel: a little more shows the whole line.
  return grown(inside, { width: 256, height: 128 }, screen);
}
