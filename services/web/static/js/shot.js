/**
 * One picture of the shared screen: its brightness for comparing, and its pixels for encoding.
 *
 * The pixels are copied out and the frame is closed at once. A static screen gives a single frame,
 * which is needed for as long as it stands still, and a frame that is kept open holds one of the few
 * buffers of the capturer.
 */

/** @typedef {import('./luma-diff.js').Luma} Luma */
/**
 * @typedef {object} Shot
 * @property {Luma} luma
 * @property {number} timeMs When it reached us, ms since 1970.
 * @property {(use: (source: CanvasImageSource) => Promise<import('./encoder.js').Encoded>) =>
 *   Promise<import('./encoder.js').Encoded>} draw Lends the pixels to `use`.
 */

/** Formats whose first plane is brightness, one byte per pixel. */
const LUMA_FIRST = new Set(['I420', 'I420A', 'I422', 'I444', 'NV12']);

/**
 * Green stands in for brightness where a picture comes as red, green, blue.
 *
 * @param {Uint8Array | Uint8ClampedArray} pixels Four bytes each; green is the second in every order.
 * @param {number} width
 * @param {number} height
 * @returns {Luma}
 */
function greenOf(pixels, width, height) {
  const samples = new Uint8Array(width * height);
  for (let i = 0, at = 1; i < samples.length; i += 1, at += 4) samples[i] = pixels[at];
  return { samples, width, height };
}

/**
 * Copy a frame and close it.
 *
 * @param {VideoFrame} frame
 * @param {number} timeMs
 * @returns {Promise<Shot>}
 */
export async function takeFrame(frame, timeMs) {
  try {
    const { format, timestamp } = frame;
    const { width, height } = frame.visibleRect ?? { width: frame.codedWidth, height: frame.codedHeight };
    if (format === null) return takeBitmap(await createImageBitmap(frame), timeMs);
    const bytes = new Uint8Array(frame.allocationSize());
    const layout = await frame.copyTo(bytes);
    const colorSpace = frame.colorSpace.toJSON();
    const luma = LUMA_FIRST.has(format)
      ? { samples: bytes.subarray(layout[0].offset, layout[0].offset + width * height), width, height }
      : greenOf(bytes, width, height);
    return {
      luma,
      timeMs,
      async draw(use) {
        const copy = new VideoFrame(bytes, {
          format, timestamp, colorSpace, layout, codedWidth: width, codedHeight: height,
        });
        try {
          return await use(copy);
        } finally {
          copy.close();
        }
      },
    };
  } finally {
    frame.close();
  }
}

/**
 * The way for browsers without MediaStreamTrackProcessor, and for frames in a private format.
 *
 * @param {ImageBitmap} bitmap Is closed.
 * @param {number} timeMs
 * @returns {Shot}
 */
export function takeBitmap(bitmap, timeMs) {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    canvas.getContext('2d', { alpha: false, willReadFrequently: true })
  );
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { luma: greenOf(data, width, height), timeMs, draw: (use) => use(canvas) };
}
