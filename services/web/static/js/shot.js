/**
 * One picture of the shared screen: its brightness for comparing, and its pixels for encoding.
 *
 * The pixels are copied out and the frame is closed at once. A static screen gives a single frame,
 * which is needed for as long as it stands still, and a frame that is kept open holds one of the few
 * buffers of the capturer.
 *
 * What the user hides never gets further than here: a region is copied without what lies around it,
 * and masks are burned into the copy before anything else looks at it.
 */

import { onEvenGrid, scaled } from './regions.js';

/** @typedef {import('./luma-diff.js').Look} Look */
/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {import('./regions.js').Size} Size */

/**
 * @typedef {object} Sight What may be seen of the surface, in fractions of it, so that it follows
 *   the surface when that changes its size.
 * @property {Rect | null} region `null` for all of it.
 * @property {readonly Rect[]} masks
 */
/**
 * @typedef {object} Shot
 * @property {Look} look
 * @property {number} timeMs When it reached us, ms since 1970.
 * @property {Rect[]} hidden Burned in; pixels of the picture.
 * @property {<T>(use: (source: CanvasImageSource) => Promise<T>) => Promise<T>} draw Lends the
 *   pixels to `use`.
 */

/** Black, as brightness from 16 to 235 has it. */
const BLACK = 16;
const NO_COLOUR = 128;

/**
 * One plane of a picture: how many pixels share a sample across and down, bytes per sample, and what
 * hides it.
 * @typedef {{ across: number, down: number, bytes: number, fill: number }} Plane
 */
/** @type {(across: number, down: number, bytes: number, fill: number) => Plane} */
const plane = (across, down, bytes, fill) => ({ across, down, bytes, fill });
const LUMA = plane(1, 1, 1, BLACK);
const QUARTER = plane(2, 2, 1, NO_COLOUR);
const HALF = plane(2, 1, 1, NO_COLOUR);
const GREY = plane(1, 1, 1, NO_COLOUR);
const PACKED = plane(1, 1, 4, 0);

/** Formats whose first plane is brightness, one byte per pixel. @type {Record<string, Plane[]>} */
const LUMA_FIRST = {
  I420: [LUMA, QUARTER, QUARTER],
  I420A: [LUMA, QUARTER, QUARTER, plane(1, 1, 1, 255)],
  I422: [LUMA, HALF, HALF],
  I444: [LUMA, GREY, GREY],
  NV12: [LUMA, plane(2, 2, 2, NO_COLOUR)],
};

/**
 * @param {Uint8Array} bytes
 * @param {PlaneLayout} layout
 * @param {Plane} plane
 * @param {Rect} mask On the even grid.
 */
function burn(bytes, { offset, stride }, { across, down, bytes: size, fill }, mask) {
  const from = Math.floor(mask.x / across) * size;
  const to = Math.ceil((mask.x + mask.width) / across) * size;
  const last = Math.ceil((mask.y + mask.height) / down);
  for (let row = Math.floor(mask.y / down); row < last; row += 1) {
    bytes.fill(fill, offset + row * stride + from, offset + row * stride + to);
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {readonly PlaneLayout[]} layout
 * @param {readonly Plane[]} planes The first is brightness.
 * @param {Size} size
 * @returns {Look} Views into `bytes`.
 */
function lookOf(bytes, layout, planes, { width, height }) {
  const [luma, ...colours] = planes.map(({ across, down, bytes: size }, i) => {
    const { offset, stride } = layout[i];
    const rows = Math.ceil(height / down);
    const samples = bytes.subarray(offset, offset + stride * rows);
    return { samples, width: stride, height: rows, across: across / size, down };
  });
  return { samples: luma.samples, width, height, colours };
}

/**
 * One of red, green and blue as a plane.
 *
 * @param {Uint8Array | Uint8ClampedArray} pixels Four bytes each.
 * @param {Size} size
 * @param {{ at: number, step: number }} which Byte within the pixel; every how many pixels one is taken.
 */
function channelOf(pixels, { width, height }, { at, step }) {
  const columns = Math.ceil(width / step);
  const rows = Math.ceil(height / step);
  const samples = new Uint8Array(columns * rows);
  for (let row = 0, i = 0; row < rows; row += 1) {
    let from = row * step * width * 4 + at;
    for (let column = 0; column < columns; column += 1, i += 1, from += 4 * step) samples[i] = pixels[from];
  }
  return { samples, width: columns, height: rows, across: step, down: step };
}

/**
 * Green stands in for brightness where a picture comes as red, green, blue.
 *
 * @param {Uint8Array | Uint8ClampedArray} pixels Four bytes each; green is the second in every order.
 * @param {Size} size
 * @returns {Look}
 */
function packedLook(pixels, size) {
  const colours = [0, 2].map((at) => channelOf(pixels, size, { at, step: 2 }));
  return { ...channelOf(pixels, size, { at: 1, step: 1 }), colours };
}

/**
 * Where the region lies on the surface, and the masks within the region.
 *
 * @param {Sight} sight
 * @param {Size} surface
 * @returns {{ region: Rect, hidden: Rect[] }} On the even grid; `hidden` in pixels of the region.
 */
export function placed({ region, masks }, surface) {
  const whole = { x: 0, y: 0, width: surface.width, height: surface.height };
  const box = region && onEvenGrid(scaled(region, surface.width, surface.height), surface);
  const seen = box ?? whole;
  const hidden = masks.flatMap((mask) => {
    const { x, y, width, height } = scaled(mask, surface.width, surface.height);
    return onEvenGrid({ x: x - seen.x, y: y - seen.y, width, height }, seen) ?? [];
  });
  return { region: seen, hidden };
}

/**
 * Copy what may be seen of a frame, and close it.
 *
 * @param {VideoFrame} frame
 * @param {number} timeMs
 * @param {Sight} sight
 * @returns {Promise<Shot>}
 */
export async function takeFrame(frame, timeMs, sight) {
  try {
    const { format, timestamp } = frame;
    const visible = frame.visibleRect ?? new DOMRectReadOnly(0, 0, frame.codedWidth, frame.codedHeight);
    if (format === null) return takeBitmap(await createImageBitmap(frame), timeMs, sight);
    const { region, hidden } = placed(sight, visible);
    const { width, height } = region;
    const rect = { x: visible.x + region.x, y: visible.y + region.y, width, height };
    const bytes = new Uint8Array(frame.allocationSize({ rect }));
    const layout = await frame.copyTo(bytes, { rect });
    const colorSpace = frame.colorSpace.toJSON();
    const planes = LUMA_FIRST[format] ?? [PACKED];
    for (const mask of hidden) planes.forEach((each, i) => burn(bytes, layout[i], each, mask));
    return {
      look: format in LUMA_FIRST ? lookOf(bytes, layout, planes, region) : packedLook(bytes, region),
      timeMs,
      hidden,
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
 * @param {Sight} sight
 * @returns {Shot}
 */
export function takeBitmap(bitmap, timeMs, sight) {
  const { region, hidden } = placed(sight, bitmap);
  const { x, y, width, height } = region;
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    canvas.getContext('2d', { alpha: false, willReadFrequently: true })
  );
  context.drawImage(bitmap, -x, -y);
  bitmap.close();
  for (const mask of hidden) context.fillRect(mask.x, mask.y, mask.width, mask.height);
  const { data } = context.getImageData(0, 0, width, height);
  return { look: packedLook(data, region), timeMs, hidden, draw: (use) => use(canvas) };
}
