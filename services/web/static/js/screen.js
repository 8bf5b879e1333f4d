/**
 * Watches the shared screen and decides which pictures of it are sent. Runs in the worker.
 *
 * A picture goes out when what is seen has changed and settled, and whenever a question begins or
 * ends; nothing goes out while the screen stands still.
 */

import { encodeJpeg } from './encoder.js';
import { compareLuma } from './luma-diff.js';
import { Pace } from './pace.js';
import { takeBitmap, takeFrame } from './shot.js';
import { nowMs } from './socket.js';

/** How often the pace is asked; a fraction of the settling time. */
const TICK_MS = 50;
/** A still screen now and then gives no first frame at all until its track is touched. */
const SILENT_MS = 500;
/** How often a browser without MediaStreamTrackProcessor is asked for a picture. */
const BITMAP_EVERY_MS = 200;
/** Smaller pictures are refused by the gateway; a window being minimised gives such. */
const MIN_SIDE_PX = 8;

/** @typedef {import('./shot.js').Shot} Shot */
/** @typedef {import('./encoder.js').Encoded & { jpeg: Uint8Array, timeMs: number }} Picture */
/**
 * @typedef {object} ScreenListener
 * @property {(picture: Picture) => void} onPicture To be sent.
 * @property {() => void} onSilent No first frame came: wake the track.
 * @property {() => void} onBitmapWanted Only where frames do not come by themselves.
 */

export class ScreenWatcher {
  /** @param {ScreenListener} listener */
  constructor(listener) {
    this.listener = listener;
    this.pace = new Pace();
    this.isWatching = false;
    /** Counts starts and stops: work that began before a stop finds its number outdated. */
    this.generation = 0;
    /** @type {Shot | null} The newest. */
    this.shot = null;
    /** @type {import('./luma-diff.js').Luma | null} */
    this.sentLuma = null;
    /** @type {Picture | null} The one sent last, for sending again after a reconnect. */
    this.picture = null;
    /** @type {Promise<void> | null} */
    this.encoding = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.clock = undefined;
    this.wakeMs = 0;
    this.askedMs = 0;
  }

  /**
   * Start to watch.
   *
   * @param {ReadableStream<VideoFrame> | null} frames `null` if pictures are asked for one by one.
   */
  start(frames) {
    this.stop();
    this.isWatching = true;
    this.pace = new Pace();
    this.wakeMs = nowMs() + SILENT_MS;
    this.clock = setInterval(() => this.#tick(frames === null), TICK_MS);
    if (frames) void this.#read(frames.getReader(), this.generation);
  }

  /** Forget everything of the screen, whatever is on its way through the encoder included. */
  stop() {
    this.generation += 1;
    this.isWatching = false;
    clearInterval(this.clock);
    this.shot = null;
    this.sentLuma = null;
    this.picture = null;
    this.encoding = null;
  }

  /**
   * @param {ReadableStreamDefaultReader<VideoFrame>} reader
   * @param {number} generation
   */
  async #read(reader, generation) {
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      // Read on after a stop, until the track that the page has stopped ends the stream: frames
      // that nobody takes out of it would hold the capturer's buffers.
      if (generation !== this.generation) {
        frame.close();
        continue;
      }
      const shot = await takeFrame(frame, nowMs());
      if (generation === this.generation) this.#onShot(shot);
    }
  }

  /** @param {ImageBitmap} bitmap An answer to `onBitmapWanted`. */
  takeBitmap(bitmap) {
    if (this.isWatching) this.#onShot(takeBitmap(bitmap, nowMs()));
    else bitmap.close();
  }

  /** @param {Shot} shot */
  #onShot(shot) {
    if (Math.min(shot.luma.width, shot.luma.height) < MIN_SIDE_PX) return;
    const { tiles } = compareLuma(this.shot?.luma ?? null, shot.luma);
    this.shot = shot;
    if (tiles > 0) this.pace.onChange(shot.timeMs);
  }

  /** @param {boolean} areBitmapsWanted */
  #tick(areBitmapsWanted) {
    const now = nowMs();
    if (areBitmapsWanted && now - this.askedMs >= BITMAP_EVERY_MS) {
      this.askedMs = now;
      this.listener.onBitmapWanted();
    }
    if (!this.shot && now >= this.wakeMs) {
      this.wakeMs = now + SILENT_MS;
      this.listener.onSilent();
    }
    if (!this.encoding && this.pace.isDue(now)) void this.#send(false);
  }

  /**
   * A question begins or ends: make sure that the newest picture is on its way before it.
   *
   * @returns {Promise<void>} When it is, or when there is nothing to send.
   */
  async look() {
    // One that is being encoded may show what was there before the question.
    await this.encoding;
    if (this.isWatching && this.pace.isDueForQuestion(nowMs())) await this.#send(true);
  }

  /** Send the last picture again: a new connection knows nothing of it. */
  resend() {
    if (this.picture) this.listener.onPicture(this.picture);
  }

  /** @param {boolean} isForced Even if it looks like the one sent last. */
  #send(isForced) {
    const { shot, generation } = this;
    if (!shot) return Promise.resolve();
    if (!isForced && compareLuma(this.sentLuma, shot.luma).tiles === 0) {
      this.pace.onUnchanged();
      return Promise.resolve();
    }
    this.pace.onSent(nowMs());
    const encoding = this.#encode(shot, generation).finally(() => {
      if (this.encoding === encoding) this.encoding = null;
    });
    this.encoding = encoding;
    return encoding;
  }

  /** @param {Shot} shot @param {number} generation */
  async #encode(shot, generation) {
    const { width, height } = shot.luma;
    const encoded = await shot.draw((source) => encodeJpeg(source, width, height));
    // Read here, so that a question that waits for its picture finds it on its way.
    const jpeg = new Uint8Array(await encoded.blob.arrayBuffer());
    if (generation !== this.generation) return;
    this.sentLuma = shot.luma;
    this.picture = { ...encoded, jpeg, timeMs: shot.timeMs };
    this.listener.onPicture(this.picture);
  }
}
