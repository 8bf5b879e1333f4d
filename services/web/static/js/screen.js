/**
 * Watches the shared screen and decides which pictures of it are sent. Runs in the worker.
 *
 * A picture goes out when what is seen has changed and settled, and whenever a question begins or
 * ends; nothing goes out while the screen stands still, but for a slow heartbeat.
 */

import { compareLooks } from './luma-diff.js';
import { Pace, planOf } from './pace.js';
import { PictureSender } from './picture-sender.js';
import { Pointing } from './pointing.js';
import { intersect, regionOfScreen } from './regions.js';
import { takeBitmap, takeFrame } from './shot.js';
import { nowMs } from './socket.js';

/** How often the pace is asked; a fraction of the settling time. */
const TICK_MS = 25;
/** A still screen now and then gives no first frame at all until its track is touched. */
const SILENT_MS = 500;
/** How often a browser without MediaStreamTrackProcessor is asked for a picture. */
const BITMAP_EVERY_MS = 200;
/** What happens on the screen is here this much later, at 10 frames a second and a busy machine. */
const CAPTURE_MS = 200;
/** Smaller pictures are refused by the gateway; a window being minimised gives such. */
const MIN_SIDE_PX = 8;
/** What changed in more places than these, a page that scrolled for instance, has no one place to look at. */
const FEW_PLACES = 3;

/** @typedef {import('./shot.js').Shot} Shot */
/** @typedef {import('./shot.js').Sight} Sight */
/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {import('./pictures.js').Picture} Picture */
/**
 * @typedef {object} Watching
 * @property {() => boolean} hasRoom Whether the line takes a picture now.
 * @property {() => void} onSilent No frame came: wake the track.
 * @property {() => void} onBitmapWanted Only where frames do not come by themselves.
 * @property {() => void} onMarkGone What was pointed at is no longer there.
 */
/** @typedef {Watching & import('./picture-sender.js').Line} ScreenListener */

/** @param {number} ms */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @type {Readonly<Sight>} */
const ALL = Object.freeze({ region: null, masks: [] });

export class ScreenWatcher {
  #listener;
  pace = new Pace();
  #pointing = new Pointing();
  #isWatching = false;
  #isPaused = false;
  /** Someone is asking: whatever changes now belongs to the question. */
  isAsked = false;
  /** @type {Sight} */
  #sight = ALL;
  /** Counts the streams: one that is over is read to its end, and nothing is taken from it. */
  #generation = 0;
  /** @type {Shot | null} The newest. */
  #shot = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;
  #wakeMs = 0;
  #askedMs = 0;
  /** Frames that came, sent or not. */
  framesSeen = 0;
  /** A question waits for the frame after it. */
  #onNextShot = () => {};

  /** @param {ScreenListener} listener */
  constructor(listener) {
    this.#listener = listener;
    this.sender = new PictureSender(listener, this.pace, this.#pointing);
  }

  /**
   * Start to watch.
   *
   * @param {ReadableStream<VideoFrame> | null} frames `null` if pictures are asked for one by one.
   * @param {Sight} sight
   */
  start(frames, sight) {
    this.stop();
    this.#isWatching = true;
    this.#sight = sight;
    this.#wakeMs = nowMs() + SILENT_MS;
    this.#clock = setInterval(() => this.#tick(frames === null), TICK_MS);
    if (frames) void this.#read(frames.getReader(), this.#generation);
  }

  /** Forget everything of the screen, whatever is on its way through the encoder included. */
  stop() {
    this.#generation += 1;
    this.#isWatching = false;
    this.#isPaused = false;
    clearInterval(this.#clock);
    this.#forget();
  }

  #forget() {
    this.#shot = null;
    this.sender.forget();
    if (this.#pointing.pointed) this.#listener.onMarkGone();
    this.#pointing.clear();
  }

  /** Look away, or at it again. @param {boolean} isPaused */
  pause(isPaused) {
    this.#isPaused = isPaused;
    this.#forget();
    this.#wakeMs = nowMs();
  }

  /**
   * Let something else be seen of it.
   *
   * What was taken before may show what is hidden now, so it is forgotten, and the track is made to
   * give a new frame even if the screen stands still.
   *
   * @param {Sight} sight
   */
  see(sight) {
    this.#sight = sight;
    if (this.#isPaused) return;
    this.#forget();
    this.#wakeMs = nowMs();
  }

  /** @param {import('./pace.js').Detail} detail How much is sent. */
  setDetail(detail) {
    this.pace.plan = planOf(detail);
  }

  /**
   * @param {ReadableStreamDefaultReader<VideoFrame>} reader
   * @param {number} generation
   */
  async #read(reader, generation) {
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      this.framesSeen += 1;
      // Read on after a stop, until the track that the page has stopped ends the stream: frames
      // that nobody takes out of it would hold the capturer's buffers.
      if (generation !== this.#generation || this.#isPaused) {
        frame.close();
        continue;
      }
      const { version } = this.sender;
      const shot = await takeFrame(frame, nowMs(), this.#sight);
      if (version === this.sender.version) this.#onShot(shot);
    }
  }

  /** @param {ImageBitmap} bitmap An answer to `onBitmapWanted`. */
  takeBitmap(bitmap) {
    if (this.#isWatching && !this.#isPaused) this.#onShot(takeBitmap(bitmap, nowMs(), this.#sight));
    else bitmap.close();
  }

  /** @param {Shot} shot */
  #onShot(shot) {
    if (Math.min(shot.look.width, shot.look.height) < MIN_SIDE_PX) return;
    const changed = compareLooks(this.#shot?.look ?? null, shot.look);
    this.#shot = shot;
    this.#onNextShot();
    if (changed.length === 0) return;
    this.pace.onChange(shot.timeMs);
    if (this.#pointing.dropStale(shot.look)) this.#listener.onMarkGone();
  }

  /** @param {boolean} areBitmapsWanted */
  #tick(areBitmapsWanted) {
    if (this.#isPaused) return;
    const now = nowMs();
    if (areBitmapsWanted && now - this.#askedMs >= BITMAP_EVERY_MS) {
      this.#askedMs = now;
      this.#listener.onBitmapWanted();
    }
    if (!this.#shot && now >= this.#wakeMs) {
      this.#wakeMs = now + SILENT_MS;
      this.#listener.onSilent();
    }
    if (this.sender.isBusy || !this.#shot || !this.#listener.hasRoom()) return;
    if (this.pace.isDue(now)) void this.sender.inTurn(() => this.#sendChange());
    else if (this.pace.isHeartbeatDue(now)) void this.sender.inTurn(() => this.#sendAgain());
  }

  /** Send what has changed, as far as the pace allows. */
  async #sendChange() {
    const shot = this.#shot;
    const { pace, sender } = this;
    if (!shot) return;
    const changed = sender.noticeChange(shot);
    if (changed.length === 0) {
      pace.onUnchanged();
      return;
    }
    const isEverywhere = sender.places.length > FEW_PLACES && pace.plan.closeUps === 1;
    const closeUps = isEverywhere ? 0 : Math.max(0, pace.allowance(nowMs()) - 1);
    await sender.send(shot, { changed, closeUps, isUrgent: this.isAsked });
  }

  /** Show again what has not changed. */
  async #sendAgain() {
    if (this.#shot) await this.sender.send(this.#shot, { changed: [], closeUps: 0, isUrgent: false });
  }

  /**
   * A question begins or ends: make sure that the newest picture is on its way before it.
   *
   * @param {{ isWanted?: boolean, isSudden?: boolean }} [how] `isWanted`: the user wants it to look
   *   now, whether or not it saw that already. `isSudden`: what changed a moment ago may still be on
   *   its way from the capturer.
   * @returns {Promise<void>} When it is, or when there is nothing to send.
   */
  async look({ isWanted = false, isSudden = false } = {}) {
    this.pace.onTalk(nowMs());
    if (isSudden && this.#shot) await this.#nextShot(CAPTURE_MS);
    await sleep(this.pace.questionWaitMs(nowMs()));
    await this.sender.inTurn(() => this.#sendForQuestion(isWanted));
  }

  /** @param {number} limitMs @returns {Promise<void>} When a frame has come, or after the limit. */
  #nextShot(limitMs) {
    return new Promise((resolve) => {
      this.#onNextShot = resolve;
      setTimeout(resolve, limitMs);
    });
  }

  /** @param {boolean} isWanted */
  async #sendForQuestion(isWanted) {
    const shot = this.#shot;
    const { pace, sender } = this;
    if (!shot) return;
    const changed = sender.noticeChange(shot);
    const closeUps = pace.plan.questionCloseUps;
    const isDue = isWanted || changed.length > 0 || pace.isStale(nowMs());
    if (isDue) await sender.send(shot, { changed, closeUps, isUrgent: true });
    else await sender.sendCloseUps(shot, closeUps, true);
  }

  /**
   * The model wants to see a part of the newest overview closer.
   *
   * @param {Rect} asked Pixels of the overview.
   * @returns {Promise<Picture | string>} What was sent, or why not, in a sentence.
   */
  async lookCloser(asked) {
    this.pace.onTalk(nowMs());
    /** @type {Picture | string} */
    let answer = 'What may be seen of the screen has just changed. Look at the newest frame.';
    await this.sender.inTurn(async () => {
      const part = this.#partAsked(asked);
      if (typeof part === 'string') answer = part;
      else if (this.#shot) answer = (await this.sender.sendCloseUp(this.#shot, part, true)) ?? answer;
    });
    return answer;
  }

  /** @param {Rect} asked @returns {Rect | string} Pixels of the screen; or why it cannot be shown. */
  #partAsked(asked) {
    const shot = this.#shot;
    const { view } = this.sender;
    if (!this.#isWatching) return 'Nothing is shared at the moment.';
    if (this.#isPaused) return 'The user has paused sharing.';
    if (!shot || !view) return 'There is no picture of the screen yet.';
    const { frame } = view.overview;
    const part = regionOfScreen(asked, frame, shot.look);
    if (!part) return `That region lies outside of the frame, which is ${frame.width}x${frame.height}.`;
    const isHidden = shot.hidden.some((mask) => {
      const both = intersect(mask, part);
      return both?.width === part.width && both.height === part.height;
    });
    return isHidden ? 'The user has hidden that part of the screen.' : part;
  }

  /**
   * Point at a place of an overview.
   *
   * @param {string} call
   * @param {Record<string, unknown>} args Of `point_at`.
   * @returns {import('./pointing.js').Mark | string} The mark, or why there is none, in a sentence.
   */
  pointAt(call, args) {
    if (!this.#isWatching) return 'Nothing is shared at the moment.';
    if (this.#isPaused || !this.#shot) return 'The user has paused sharing.';
    return this.#pointing.pointAt(call, args, this.#shot.look);
  }

  /** The model takes back that it pointed. @param {string} call */
  unpoint(call) {
    if (this.#pointing.cancel(call)) this.#listener.onMarkGone();
  }
}
