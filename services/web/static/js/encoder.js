/** Turns one picture of the screen into a JPEG that is legible and within the gateway's bounds. */

/** Enough for 11 px type at 1920 px; beyond that the model scales down by itself. */
const LONG_EDGE_PX = 1_536;
const MAX_BYTES = 524_288;
/** Tried in turn until the picture fits. A photo at 1536 px fits with the first. */
const QUALITIES = [0.8, 0.6, 0.4];
/** The gateway takes no smaller side than this. */
const MIN_SIDE_PX = 8;

/** @typedef {{ blob: Blob, width: number, height: number }} Encoded */

/**
 * The size at which a picture is sent: the aspect kept, nothing enlarged.
 *
 * @param {number} width
 * @param {number} height
 * @returns {{ width: number, height: number }}
 */
export function sentSize(width, height) {
  const scale = Math.min(1, LONG_EDGE_PX / Math.max(width, height));
  return {
    width: Math.max(MIN_SIDE_PX, Math.round(width * scale)),
    height: Math.max(MIN_SIDE_PX, Math.round(height * scale)),
  };
}

/**
 * @param {CanvasImageSource} source
 * @param {number} sourceWidth
 * @param {number} sourceHeight
 * @returns {Promise<Encoded>}
 */
export async function encodeJpeg(source, sourceWidth, sourceHeight) {
  const { width, height } = sentSize(sourceWidth, sourceHeight);
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    canvas.getContext('2d', { alpha: false })
  );
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, 0, 0, width, height);
  /** @type {Blob | null} */
  let blob = null;
  for (const quality of QUALITIES) {
    blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
    if (blob.size <= MAX_BYTES) break;
  }
  return { blob: /** @type {Blob} */ (blob), width, height };
}
