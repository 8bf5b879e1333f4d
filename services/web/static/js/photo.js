/** A photo in the place of a screen, for a browser that can share none. */

const MAX_SIDE_PX = 3_840;
/** A still picture gives a frame when it is drawn, and nobody may be there yet to take the first. */
const DRAW_EVERY_MS = 1_000;

/**
 * @param {Blob} file
 * @returns {Promise<MediaStream>} Shows it until its track is stopped.
 * @throws {DOMException} If it is no picture that the browser can read.
 */
export async function streamOfPhoto(file) {
  const photo = await createImageBitmap(file);
  const scale = Math.min(1, MAX_SIDE_PX / Math.max(photo.width, photo.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(photo.width * scale);
  canvas.height = Math.round(photo.height * scale);
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const draw = () => pen.drawImage(photo, 0, 0, canvas.width, canvas.height);
  draw();
  const stream = canvas.captureStream();
  const [track] = stream.getVideoTracks();
  const clock = setInterval(() => {
    if (track.readyState === 'live') {
      draw();
      return;
    }
    clearInterval(clock);
    photo.close();
  }, DRAW_EVERY_MS);
  return stream;
}
