/**
 * Turns one picture of the screen into JPEGs that are legible and within the gateway's bounds: the
 * overview of it all, and close-ups of parts at their native resolution.
 *
 * Each carries a caption in a band below it that says what it is. Nothing said in text could: text
 * and pictures reach the model without an order between them, and text interrupts it.
 */

/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {import('./regions.js').Size} Size */

/** Enough for headlines and layout at once; what is smaller is read in the close-ups. */
const LONG_EDGE_PX = 1_536;
const MAX_BYTES = 524_288;
/** Tried in turn, below the wanted quality, until the picture fits. */
const LOWER_QUALITIES = [0.6, 0.4];
/** The gateway takes no smaller side than this. */
const LEAST_SIDE_PX = 8;

const BAND_PX = 24;
const CAPTION_FONT = 'bold 15px sans-serif';
const CAPTION_INDENT_PX = 6;

/** @typedef {{ blob: Blob, width: number, height: number }} Encoded Size with the caption. */

/**
 * The size at which a whole screen is sent: the aspect kept, nothing enlarged.
 *
 * @param {Size} screen
 * @returns {Size} Without the caption.
 */
export function overviewSize({ width, height }) {
  const scale = Math.min(1, LONG_EDGE_PX / Math.max(width, height));
  return {
    width: Math.max(LEAST_SIDE_PX, Math.round(width * scale)),
    height: Math.max(LEAST_SIDE_PX, Math.round(height * scale)),
  };
}

/** @param {number} number @param {Size} size @returns {string} */
export function overviewCaption(number, { width, height }) {
  return `Frame ${number} | ${width}x${height}`;
}

/** @param {number} number Of the overview. @param {Rect} region In its pixels. @returns {string} */
export function closeUpCaption(number, { x, y, width, height }) {
  const [left, top, right, bottom] = [x, y, x + width, y + height].map(Math.round);
  return `Close-up of frame ${number} | x ${left}-${right} y ${top}-${bottom}`;
}

/**
 * @param {OffscreenCanvas} canvas
 * @param {number} quality
 * @returns {Promise<Blob>} Of the first quality, from the wanted one down, that the gateway takes.
 */
async function encodeWithin(canvas, quality) {
  let blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
  for (const lower of LOWER_QUALITIES) {
    if (blob.size <= MAX_BYTES) break;
    blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: lower });
  }
  return blob;
}

/**
 * Draw a part of the screen, with its caption, and encode it.
 *
 * @param {CanvasImageSource} source
 * @param {Rect} part Pixels of the source.
 * @param {Size} size At which it is drawn.
 * @param {{ caption: string, quality: number }} options
 * @returns {Promise<Encoded>}
 */
export async function encodeJpeg(source, part, size, { caption, quality }) {
  const canvas = new OffscreenCanvas(1, 1);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    canvas.getContext('2d', { alpha: false })
  );
  context.font = CAPTION_FONT;
  const captionPx = Math.ceil(context.measureText(caption).width) + 2 * CAPTION_INDENT_PX;
  canvas.width = Math.max(size.width, captionPx);
  canvas.height = size.height + BAND_PX;
  context.imageSmoothingQuality = 'high';
  const { x, y, width, height } = part;
  context.drawImage(source, x, y, width, height, 0, 0, size.width, size.height);
  // A canvas forgets its font when it changes its size.
  context.font = CAPTION_FONT;
  context.textBaseline = 'middle';
  context.fillStyle = '#fff';
  context.fillText(caption, CAPTION_INDENT_PX, size.height + BAND_PX / 2);
  const blob = await encodeWithin(canvas, quality);
  return { blob, width: canvas.width, height: canvas.height };
}
