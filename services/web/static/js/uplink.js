/**
 * The way up: numbers what is said, keeps it until it is acknowledged, and sends it as far as the
 * socket takes it. Outlives the socket; the line hands it each new one.
 */

import { Flag, Kind, encodeMedia, encodeMessage } from './messages.js';
import { Outbox } from './outbox.js';
import { MICROPHONE_RATE_HZ } from './pcm.js';

/** @typedef {import('./messages.js').Message} Message */

/** More than this waiting in the socket: the uplink is slow, so pictures wait for it. */
const PICTURE_BACKLOG_BYTES = 256 * 1_024;
/** And audio waits here, where a bound holds and a reconnect can send it again. */
const AUDIO_BACKLOG_BYTES = 1_024 * 1_024;
const DEFAULT_UNACKED_AUDIO_MS = 20_000;

export class Uplink {
  outbox = new Outbox(DEFAULT_UNACKED_AUDIO_MS);
  /** All that went out, what was sent again included; text by its characters. */
  sentBytes = 0;
  /** @type {WebSocket | null} One that has checked in. */
  socket = null;
  /** The newest picture's; never goes back, so that one sent again is known by its number. */
  #pictureNumber = 0;
  /** The newest one that went out. */
  #sentPicture = 0;
  #hasConnected = false;

  /**
   * Go on over a new connection; nothing is sent before {@link flush}.
   *
   * @param {WebSocket} socket
   * @param {Message} ready What the gateway said when it was checked in.
   */
  attach(socket, ready) {
    const limits = /** @type {Record<string, unknown>} */ (ready.limits);
    if (typeof limits.unacked_audio_s === 'number') {
      this.outbox.maxAudioMs = limits.unacked_audio_s * 1_000;
    }
    this.outbox.resumeAfter(Number(ready.last_seq), ready.resumed === true);
    this.#pictureNumber = Math.max(this.#pictureNumber, Number(ready.last_picture));
    this.#hasConnected = true;
    this.socket = socket;
  }

  detach() {
    this.socket = null;
  }

  /** Forget what the gateway has stored, and go on. @param {number} seq Cumulative. */
  onAck(seq) {
    this.outbox.acknowledge(seq);
    this.flush();
  }

  /** Send what waits, as far as the socket takes it. */
  flush() {
    const { socket } = this;
    if (!socket) return;
    if (!this.outbox.hasUnsent || socket.bufferedAmount > AUDIO_BACKLOG_BYTES) return;
    for (const { seq, audio, control, timeMs } of this.outbox.unsent()) {
      if (audio) this.#send(socket, encodeMedia(Kind.MICROPHONE, seq, timeMs, audio));
      else if (control) this.#send(socket, encodeMessage(this.#numbered(control, seq)));
      if (socket.bufferedAmount > AUDIO_BACKLOG_BYTES) break;
    }
  }

  /** @param {WebSocket} socket @param {string | Uint8Array<ArrayBuffer>} data */
  #send(socket, data) {
    this.sentBytes += typeof data === 'string' ? data.length : data.byteLength;
    socket.send(data);
  }

  /** @param {Message} control @param {number} seq @returns {Message} */
  #numbered(control, seq) {
    if (control.type !== 'text') return { ...control, seq };
    // A question names the newest picture that goes before it, and that is known only now.
    const { picture: isNamed, ...message } = control;
    if (isNamed && this.#sentPicture > 0) return { ...message, seq, picture: this.#sentPicture };
    return { ...message, seq };
  }

  /**
   * Send one piece of microphone audio, now or when there is a line again.
   *
   * @param {Uint8Array<ArrayBuffer>} pcm16
   * @param {number} capturedMs
   */
  sendAudio(pcm16, capturedMs) {
    const durationMs = pcm16.byteLength / 2 / (MICROPHONE_RATE_HZ / 1_000);
    this.outbox.addAudio(pcm16, capturedMs, durationMs);
    this.flush();
  }

  /**
   * Send one control message, now or when there is a line again.
   *
   * @param {Message} message Without `seq`. `picture: true` on a question stands for the number of
   *   the newest picture sent before it.
   */
  sendControl(message) {
    this.outbox.addControl(message);
    this.flush();
  }

  /**
   * @returns {number | null} The number of the next picture; it may remain unused. `null` before
   *   the first connection has told where the row begins.
   */
  nextPictureNumber() {
    if (!this.#hasConnected) return null;
    this.#pictureNumber += 1;
    return this.#pictureNumber;
  }

  /** Whether there is a line, and no more waits on it than a picture may wait behind. */
  get hasRoom() {
    return this.socket !== null && this.socket.bufferedAmount <= PICTURE_BACKLOG_BYTES;
  }

  /**
   * Send a picture if there is a line; without one it is for the screen to send it again later.
   *
   * @param {Pick<import('./pictures.js').Picture, 'number' | 'overview' | 'isUrgent' | 'jpeg' | 'timeMs'>} picture
   * @returns {boolean} Whether it was sent.
   */
  sendPicture({ number, overview, isUrgent, jpeg, timeMs }) {
    if (!this.socket) return false;
    const flags = (overview > 0 ? Flag.CLOSE_UP : 0) | (isUrgent ? Flag.URGENT : 0);
    this.#send(this.socket, encodeMedia(Kind.PICTURE, number, timeMs, jpeg, { flags, turn: overview }));
    this.#sentPicture = number;
    return true;
  }
}
