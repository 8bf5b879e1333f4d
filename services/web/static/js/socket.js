/**
 * The line to the gateway: connects, checks in, and comes back after a break. Runs in the worker, whose timers go on when the page is covered.
 */

import { reconnectDelayMs } from './backoff.js';
import { CloseCode, mayReconnect } from './close-codes.js';
import { LineWatch } from './line-watch.js';
import {
  Kind, MessageError, decodeMedia, decodeMessage, encodeMessage, isLater,
} from './messages.js';
import { TicketError } from './tickets.js';
import { Uplink } from './uplink.js';

/** @typedef {import('./messages.js').Message} Message */

/** No `ready` by then: the gateway is not well, another may be. */
const HANDSHAKE_MS = 8_000;
/** A connection that lasted this long was a good one: the next break starts with short waits. */
const STABLE_MS = 5_000;
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
  #listener;
  #surroundings;
  uplink = new Uplink();
  /** @type {WebSocket | null} */
  socket = null;
  #isWanted = false;
  #attempt = 0;
  /** @type {Record<string, unknown>} */
  options = {};
  /** @type {{ session: string, token: string } | null} */
  session = null;
  /** @type {string | null} */
  #lastId = null;
  #watch = new LineWatch(0);
  #readyAtMs = Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;

  /**
   * @param {Listener} listener
   * @param {Surroundings} surroundings
   */
  constructor(listener, surroundings) {
    this.#listener = listener;
    this.#surroundings = surroundings;
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
    this.#isWanted = true;
    this.#attempt = 0;
    clearInterval(this.#clock);
    this.#clock = setInterval(() => this.#tick(), 1_000);
    void this.#connect();
  }

  /** Hang up and do not come back. */
  close() {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
    this.#drop();
  }

  /** The conversation is over: what was said in it and not sent belongs to no other. */
  forget() {
    this.uplink = new Uplink();
    this.session = null;
    this.#lastId = null;
  }

  /** Whether the gateway has checked us in and is still there. */
  get isReady() {
    return this.uplink.socket !== null;
  }

  /** Try at once, or doubt the line that there is: the network is back. */
  retryNow() {
    this.#watch.doubt();
    if (!this.#isWanted || this.socket) return;
    clearTimeout(this.#timer);
    void this.#connect();
  }

  async #connect() {
    this.#timer = undefined;
    this.#listener.onLink('connecting', { attempt: this.#attempt });
    /** @type {import('./tickets.js').Ticket} */
    let ticket;
    try {
      ticket = await this.#surroundings.requestTicket();
    } catch (error) {
      if (error instanceof TicketError) return this.#onTicketError(error);
      throw error;
    }
    if (!this.#isWanted || this.socket) return;
    const socket = this.#surroundings.openSocket(ticket.gateway);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.#timer = setTimeout(() => socket.close(), HANDSHAKE_MS);
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
    if (this.#lastId) resume.last = this.#lastId;
    return { type: 'hello', ticket, options: this.options, resume };
  }

  /** @param {TicketError} error */
  #onTicketError(error) {
    if (!this.#isWanted) return;
    if (error.needsAccessCode) {
      this.#isWanted = false;
      clearInterval(this.#clock);
      this.#listener.onTicketRefused(error);
      return;
    }
    this.#retry(ABNORMAL_CLOSE, error.retryAfterMs);
  }

  /** @param {number} code @param {string} reason */
  #onClose(code, reason) {
    if (performance.now() - this.#readyAtMs > STABLE_MS) this.#attempt = 0;
    this.#readyAtMs = Infinity;
    this.#drop();
    if (!this.#isWanted) return;
    if (mayReconnect(code)) {
      this.#retry(code, 0);
      return;
    }
    this.#isWanted = false;
    clearInterval(this.#clock);
    this.#listener.onLink('closed', { code, reason });
  }

  /** @param {number} code @param {number} atLeastMs */
  #retry(code, atLeastMs) {
    const { random } = this.#surroundings;
    const delayMs = Math.max(atLeastMs, reconnectDelayMs(code, this.#attempt, random()));
    this.#attempt += 1;
    this.#timer = setTimeout(() => void this.#connect(), delayMs);
    this.#listener.onLink('waiting', { attempt: this.#attempt, delayMs, code });
  }

  /** Let go of the socket; a late event of it finds that it is no longer ours. */
  #drop() {
    const { socket } = this;
    this.socket = null;
    this.uplink.detach();
    clearTimeout(this.#timer);
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close(CloseCode.NORMAL);
  }

  /** @param {string | ArrayBuffer} frame */
  #receive(frame) {
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
      this.#watch.heard(performance.now(), false);
      const { kind, epoch, seq, turn, payload } = decodeMedia(frame);
      if (kind === Kind.ASSISTANT_AUDIO && this.#isNew(`${epoch}-${seq}`)) {
        this.#listener.onAudio(turn, payload.slice().buffer);
      }
      return;
    }
    const message = decodeMessage(frame);
    this.#watch.heard(performance.now(), message?.type === 'pong' || message?.type === 'ack');
    if (message === null) return;
    if (message.type === 'ready') this.#onReady(message);
    else if (message.type === 'ack') this.uplink.onAck(Number(message.seq));
    else if (typeof message.id !== 'string' || this.#isNew(message.id)) {
      this.#listener.onMessage(message);
    }
  }

  /** Whether this was not said before a reconnect already. @param {string} id */
  #isNew(id) {
    if (!isLater(id, this.#lastId)) return false;
    this.#lastId = id;
    return true;
  }

  /** @param {Message} ready */
  #onReady(ready) {
    clearTimeout(this.#timer);
    const isSameSession = ready.resumed === true;
    const isReplaced = this.session !== null && !isSameSession;
    if (!isSameSession) this.#lastId = null;
    this.session = { session: String(ready.session), token: String(ready.token) };
    if (this.socket) this.uplink.attach(this.socket, ready);
    this.#readyAtMs = performance.now();
    this.#watch = new LineWatch(this.#readyAtMs);
    this.#listener.onLink('open', {});
    this.#listener.onReady(ready, isReplaced);
    this.#reportLoss();
    this.uplink.flush();
  }

  /** Once a second: notice a dead line, send what waited for a slow one. */
  #tick() {
    if (!this.socket || !this.isReady) return;
    const next = this.#watch.look(performance.now(), this.uplink.sentBytes);
    if (next === 'dead') {
      this.#onClose(ABNORMAL_CLOSE, '');
      return;
    }
    if (next === 'ask') this.socket.send(encodeMessage({ type: 'ping', time_ms: nowMs() }));
    this.#reportLoss();
    this.uplink.flush();
  }

  #reportLoss() {
    const lostMs = this.uplink.outbox.takeLostMs();
    if (lostMs > 0) this.#listener.onAudioLost(lostMs);
  }
}
