/** The shared screen, window or camera, on the page's side: its track, and how frames reach the worker. */

/** Touched in turn to wake a track that gives no first frame. */
const FRAME_RATES = [10, 11];

export class Share {
  #what;
  #wakes = 0;
  /** @type {HTMLVideoElement | null} Only where frames cannot be read from the track. */
  #video = null;

  /**
   * @param {MediaStream} stream
   * @param {'screen' | 'camera' | 'photo'} what
   */
  constructor(stream, what) {
    this.stream = stream;
    this.track = stream.getVideoTracks()[0];
    this.#what = what;
    this.track.contentHint = what === 'screen' ? 'text' : 'detail';
  }

  /** @returns {string} `monitor`, `window`, `browser`, `camera`, `photo`, or empty if the browser does not tell. */
  get surface() {
    return this.#what === 'screen' ? (this.track.getSettings().displaySurface ?? '') : this.#what;
  }

  /** @returns {string} What is shared, as a person would say it. */
  get label() {
    const names = {
      monitor: 'Whole screen', window: 'One window', browser: 'One tab', camera: 'Camera', photo: 'Photo',
    };
    return names[/** @type {keyof typeof names} */ (this.surface)] ?? 'Screen';
  }

  /** @returns {ReadableStream<VideoFrame> | null} `null`: ask {@link grab} instead. */
  frames() {
    if (typeof MediaStreamTrackProcessor !== 'undefined') {
      return new MediaStreamTrackProcessor({ track: this.track, maxBufferSize: 1 }).readable;
    }
    this.#video = document.createElement('video');
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.srcObject = this.stream;
    // Not waited for: it does not begin before the first frame, which may have to be woken.
    this.#video.play().catch(() => undefined);
    return null;
  }

  /** @returns {Promise<ImageBitmap | null>} What is seen now, if there is anything yet. */
  async grab() {
    if (!this.#video || this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    return createImageBitmap(this.#video);
  }

  /** A screen that stands still may give no first frame until its track is changed a little. */
  async wake() {
    this.#wakes += 1;
    const ideal = FRAME_RATES[this.#wakes % FRAME_RATES.length];
    const constraints = this.track.getConstraints();
    await this.track.applyConstraints({ ...constraints, frameRate: { ideal, max: 15 } });
  }

  stop() {
    this.track.onended = null;
    this.track.stop();
    if (this.#video) this.#video.srcObject = null;
  }
}
