/**
 * The line to the gateway: connects, checks in, resumes after a break, and keeps what is not
 * acknowledged. Runs in the worker, whose timers go on when the page is covered.
 */

import { reconnectDelayMs } from './backoff.js';
import {
  CloseCode, Kind, MICROPHONE_RATE_HZ, MessageError, decodeMedia, decodeMessage, encodeMedia,
  encodeMessage, isLater, mayReconnect,
} from './messages.js';
import { Outbox } from './outbox.js';
import { TicketError } from './tickets.js';

/** @typedef {import('./messages.js').Message} Message */

/** No `ready` by then: the gateway is not well, another may be. */
const HANDSHAKE_MS = 8_000;
const PING_EVERY_MS = 5_000;
/** Silence for longer than this, pings included, is a dead line that TCP has not noticed. */
const SILENCE_MS = 12_000;
/** More than this waiting in the socket: the uplink is slow, so pictures wait for it. */
const PICTURE_BACKLOG_BYTES = 256 * 1_024;
/** And audio waits here, where a bound holds and a reconnect can send it again. */
const AUDIO_BACKLOG_BYTES = 1_024 * 1_024;
const DEFAULT_UNACKED_AUDIO_MS = 20_000;
const ABNORMAL_CLOSE = 1006;

/**
 * @typedef {object} Listener What the owner of the line is told.
 * @property {(state: 'connecting' | 'open' | 'waiting' | 'closed', details: LinkDetails) => void} onLink
 * @property {(ready: Message, isReplaced: boolean) => void} onReady Before anything is resent;
 *   `isReplaced` if the session that was to be gone on with is over and this is another.
 * @property {(message: Message) => void} onMessage
 * @property {(turn: number, pcm16: ArrayBuffer) => void} onAudio
 * @property {(error: TicketError) => void} onTicketRefused
 * @property {(lostMs: number) => void} onAudioLost
 */
/** @typedef {{ attempt?: number, delayMs?: number, code?: number, reason?: string }} LinkDetails */
/** @typedef {{ session: string, token: string, last?: string }} Resume */
/**
 * @typedef {object} Surroundings What the line needs of the world; tests bring their own.
 * @property {() => Promise<import('./tickets.js').Ticket>} requestTicket
 * @property {(url: string) => WebSocket} openSocket
 * @property {() => number} random
 */

/** @returns {number} Milliseconds since 1970, finer than `Date.now()` and never backwards. */
export function nowMs() {
  return performance.timeOrigin + performance.now();
}

export class GatewaySocket {
  /**
   * @param {Listener} listener
   * @param {Surroundings} surroundings
   */
  constructor(listener, surroundings) {
    this.listener = listener;
    this.surroundings = surroundings;
    this.outbox = new Outbox(DEFAULT_UNACKED_AUDIO_MS);
    /** @type {WebSocket | null} */
    this.socket = null;
    this.isReady = false;
    this.isWanted = false;
    this.attempt = 0;
    /** @type {Record<string, unknown>} */
    this.options = {};
    /** @type {{ session: string, token: string } | null} */
    this.session = null;
    /** @type {string | null} */
    this.lastId = null;
    this.pictureNumber = 0;
    /** @type {{ jpeg: Uint8Array, timeMs: number, onSent: () => void } | null} */
    this.waitingPicture = null;
    this.heardAtMs = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.clock = undefined;
  }

  /**
   * Connect, and stay connected until {@link close}.
   *
   * @param {Record<string, unknown>} options For `hello`; they count only for a new session.
   * @param {{ session: string, token: string } | null} session The one to go on with.
   */
  open(options, session) {
    this.options = options;
    this.session = session;
    this.isWanted = true;
    this.attempt = 0;
    clearInterval(this.clock);
    this.clock = setInterval(() => this.#tick(), 1_000);
    void this.#connect();
  }

  /** Hang up and do not come back. */
  close() {
    this.isWanted = false;
    clearTimeout(this.timer);
    clearInterval(this.clock);
    this.#drop();
  }

  /** The conversation is over: what was said in it and not sent belongs to no other. */
  forget() {
    this.outbox = new Outbox(DEFAULT_UNACKED_AUDIO_MS);
    this.session = null;
    this.lastId = null;
    this.waitingPicture = null;
  }

  /** Try at once: the network is back. */
  retryNow() {
    if (!this.isWanted || this.socket) return;
    clearTimeout(this.timer);
    void this.#connect();
  }

  async #connect() {
    this.timer = undefined;
    this.listener.onLink('connecting', { attempt: this.attempt });
    /** @type {import('./tickets.js').Ticket} */
    let ticket;
    try {
      ticket = await this.surroundings.requestTicket();
    } catch (error) {
      if (error instanceof TicketError) return this.#onTicketError(error);
      throw error;
    }
    if (!this.isWanted || this.socket) return;
    const socket = this.surroundings.openSocket(ticket.gateway);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.timer = setTimeout(() => socket.close(), HANDSHAKE_MS);
    socket.onopen = () => socket.send(encodeMessage(this.#hello(ticket.ticket)));
    socket.onmessage = (event) => {
      if (this.socket === socket) this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.#onClose(event.code, event.reason);
    };
  }

  /** @param {string} ticket @returns {Message} */
  #hello(ticket) {
    if (!this.session) return { type: 'hello', ticket, options: this.options };
    /** @type {Resume} */
    const resume = { session: this.session.session, token: this.session.token };
    if (this.lastId) resume.last = this.lastId;
    return { type: 'hello', ticket, options: this.options, resume };
  }

  /** @param {TicketError} error */
  #onTicketError(error) {
    if (!this.isWanted) return;
    if (error.needsAccessCode) {
      this.isWanted = false;
      clearInterval(this.clock);
      this.listener.onTicketRefused(error);
      return;
    }
    this.#retry(ABNORMAL_CLOSE, error.retryAfterMs);
  }

  /** @param {number} code @param {string} reason */
  #onClose(code, reason) {
    this.#drop();
    if (!this.isWanted) return;
    if (mayReconnect(code)) {
      this.#retry(code, 0);
      return;
    }
    this.isWanted = false;
    clearInterval(this.clock);
    this.listener.onLink('closed', { code, reason });
  }

  /** @param {number} code @param {number} atLeastMs */
  #retry(code, atLeastMs) {
    const { random } = this.surroundings;
    const delayMs = Math.max(atLeastMs, reconnectDelayMs(code, this.attempt, random()));
    this.attempt += 1;
    this.timer = setTimeout(() => void this.#connect(), delayMs);
    this.listener.onLink('waiting', { attempt: this.attempt, delayMs, code });
  }

  /** Let go of the socket; a late event of it finds that it is no longer ours. */
  #drop() {
    const { socket } = this;
    this.socket = null;
    this.isReady = false;
    clearTimeout(this.timer);
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close(CloseCode.NORMAL);
  }

  /** @param {string | ArrayBuffer} frame */
  #receive(frame) {
    this.heardAtMs = performance.now();
    try {
      this.#onFrame(frame);
    } catch (error) {
      // One message that this page cannot read must not end the conversation.
      if (!(error instanceof MessageError)) throw error;
      console.warn(`overshoulder: skipped what the gateway sent: ${error.message}`);
    }
  }

  /** @param {string | ArrayBuffer} frame */
  #onFrame(frame) {
    if (typeof frame !== 'string') {
      const { kind, epoch, seq, turn, payload } = decodeMedia(frame);
      if (kind === Kind.ASSISTANT_AUDIO && this.#isNew(`${epoch}-${seq}`)) {
        this.listener.onAudio(turn, payload.slice().buffer);
      }
      return;
    }
    const message = decodeMessage(frame);
    if (message === null) return;
    if (message.type === 'ready') this.#onReady(message);
    else if (message.type === 'ack') this.#onAck(Number(message.seq));
    else if (typeof message.id !== 'string' || this.#isNew(message.id)) {
      this.listener.onMessage(message);
    }
  }

  /** Whether this was not said before a reconnect already. @param {string} id */
  #isNew(id) {
    if (!isLater(id, this.lastId)) return false;
    this.lastId = id;
    return true;
  }

  /** @param {Message} ready */
  #onReady(ready) {
    clearTimeout(this.timer);
    const isSameSession = ready.resumed === true;
    const isReplaced = this.session !== null && !isSameSession;
    if (!isSameSession) this.lastId = null;
    this.session = { session: String(ready.session), token: String(ready.token) };
    this.pictureNumber = Number(ready.last_picture);
    const limits = /** @type {Record<string, unknown>} */ (ready.limits);
    if (typeof limits.unacked_audio_s === 'number') {
      this.outbox.maxAudioMs = limits.unacked_audio_s * 1_000;
    }
    this.outbox.resumeAfter(Number(ready.last_seq), isSameSession);
    this.attempt = 0;
    this.isReady = true;
    this.listener.onLink('open', {});
    this.listener.onReady(ready, isReplaced);
    this.#reportLoss();
    this.flush();
  }

  /** @param {number} seq */
  #onAck(seq) {
    this.outbox.acknowledge(seq);
    this.flush();
  }

  /** Once a second: ping, notice a dead line, send what waited for a slow one. */
  #tick() {
    if (!this.socket || !this.isReady) return;
    const now = performance.now();
    if (now - this.heardAtMs > SILENCE_MS) {
      this.#onClose(ABNORMAL_CLOSE, '');
      return;
    }
    if (now - this.heardAtMs >= PING_EVERY_MS) {
      this.socket.send(encodeMessage({ type: 'ping', time_ms: nowMs() }));
    }
    this.#reportLoss();
    this.flush();
  }

  #reportLoss() {
    const lostMs = this.outbox.takeLostMs();
    if (lostMs > 0) this.listener.onAudioLost(lostMs);
  }

  /** Send what waits, as far as the socket takes it. */
  flush() {
    const { socket } = this;
    if (!socket || !this.isReady) return;
    this.#sendWaitingPicture(socket);
    if (!this.outbox.hasUnsent || socket.bufferedAmount > AUDIO_BACKLOG_BYTES) return;
    for (const { seq, audio, control, timeMs } of this.outbox.unsent()) {
      if (audio) socket.send(encodeMedia(Kind.MICROPHONE, seq, timeMs, audio));
      else if (control) socket.send(encodeMessage(this.#numbered(control, seq)));
      if (socket.bufferedAmount > AUDIO_BACKLOG_BYTES) break;
    }
  }

  /** @param {Message} control @param {number} seq @returns {Message} */
  #numbered(control, seq) {
    // Pictures are counted anew after a reconnect, so a question names the newest one only now.
    const names = control.type === 'text' && control.picture === true;
    const { picture: _, ...message } = control;
    if (names && this.pictureNumber > 0) return { ...message, seq, picture: this.pictureNumber };
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
   * Send a picture if there is a line with room for it; else it waits, and a newer one replaces it.
   *
   * @param {Uint8Array} jpeg
   * @param {number} timeMs
   * @param {() => void} onSent
   */
  sendPicture(jpeg, timeMs, onSent) {
    this.waitingPicture = { jpeg, timeMs, onSent };
    if (this.socket && this.isReady) this.#sendWaitingPicture(this.socket);
  }

  /** Forget a picture that waits: nothing of the screen leaves after sharing has stopped. */
  dropPicture() {
    this.waitingPicture = null;
  }

  /** @param {WebSocket} socket */
  #sendWaitingPicture(socket) {
    if (!this.waitingPicture || socket.bufferedAmount > PICTURE_BACKLOG_BYTES) return;
    const { jpeg, timeMs, onSent } = this.waitingPicture;
    this.waitingPicture = null;
    this.pictureNumber += 1;
    socket.send(encodeMedia(Kind.PICTURE, this.pictureNumber, timeMs, jpeg));
    onSent();
  }
}
