/**
 * The client protocol, `overshoulder.v1`, as docs/protocol.md has it; the mirror of the gateway's
 * own models. Both sides are tested on the samples in that document.
 *
 * Pure: no socket, no clock.
 */

export const PROTOCOL = 'overshoulder.v1';
export const HEADER_BYTES = 20;

/** The first byte of a binary frame. */
export const Kind = Object.freeze({ MICROPHONE: 1, PICTURE: 2, ASSISTANT_AUDIO: 3 });

/** The second byte of a picture, a sum of these. */
export const Flag = Object.freeze({ CLOSE_UP: 1, URGENT: 2 });

/** A message that does not fit the protocol; `field` names what is wrong with it. */
export class MessageError extends Error {
  /**
   * @param {string} type
   * @param {string} field
   */
  constructor(type, field) {
    super(`message "${type}": field "${field}" is missing, unknown or of the wrong type`);
    this.name = 'MessageError';
    this.type = type;
    this.field = field;
  }
}

/** @typedef {{ type: string, [field: string]: unknown }} Message */
/** @typedef {(value: unknown) => boolean} Check */

/** @type {Check} */
const text = (value) => typeof value === 'string';
/** @type {Check} */
const number = (value) => typeof value === 'number' && Number.isFinite(value);
/** @type {Check} */
const natural = (value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
/** @type {Check} */
const flag = (value) => typeof value === 'boolean';
/** @type {Check} */
const record = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @type {Check} */
const list = (value) => Array.isArray(value);
/** @type {Check} */
const naturalOrNull = (value) => value === null || natural(value);
/** @type {Check} */
const role = (value) => value === 'user' || value === 'assistant';
/** @type {Check} */
const id = (value) => typeof value === 'string' && /^\d+-\d+$/.test(value);
/** @param {Check} check @returns {Check} */
const optional = (check) => (value) => value === undefined || check(value);

/** @type {Readonly<Record<string, Record<string, Check>>>} */
const CLIENT_FIELDS = Object.freeze({
  hello: { ticket: text, options: optional(record), resume: optional(record) },
  text: { seq: natural, text, picture: optional(natural) },
  talk: { seq: natural, active: flag },
  microphone: { seq: natural, active: flag },
  share: { seq: natural, active: flag, surface: optional(text), paused: optional(flag) },
  played: { seq: natural, turn: natural, played_ms: natural },
  stop: { seq: natural, turn: natural },
  tool_result: { seq: natural, call: text, ok: flag, picture: optional(natural), message: text },
  end: { seq: natural },
  ping: { time_ms: number },
});

/** @type {Readonly<Record<string, Record<string, Check>>>} */
const GATEWAY_FIELDS = Object.freeze({
  ready: {
    session: text, token: text, resumed: flag, last_seq: natural, last_picture: natural,
    history: list, limits: record,
  },
  ack: { seq: natural, picture: natural },
  state: {
    state: text, id: optional(id), position: optional(natural), model: optional(text),
    reason: optional(text), message: optional(text),
  },
  pong: { time_ms: number },
  transcript: { id, turn: natural, role, text, final: flag },
  asked: { id, seq: natural, text },
  turn_start: { id, turn: natural, picture: optional(naturalOrNull) },
  turn_end: { id, turn: natural },
  interrupted: { id, turn: natural },
  heard: { id, turn: natural, text },
  citations: { id, turn: natural, sources: list },
  tool: { id, turn: natural, call: text, name: text, args: record },
  tool_cancelled: { id, call: text },
  usage: {
    id, turn: natural, prompt_tokens: natural, response_tokens: natural, total_tokens: natural,
    details: optional(record),
  },
  notice: { id, code: text, message: text },
  gap: { id, kind: text, first: natural, last: natural },
  error: { code: text, message: text, action: text, seq: optional(natural) },
});

/**
 * @param {Message} message
 * @param {Record<string, Check>} fields
 */
function requireFields(message, fields) {
  for (const [field, check] of Object.entries(fields)) {
    if (!check(message[field])) throw new MessageError(message.type, field);
  }
}

/**
 * Write one control message as JSON.
 *
 * The gateway skips a message with a field that it does not know, so such a message is refused
 * here, where the mistake was made.
 *
 * @param {Message} message
 * @returns {string}
 * @throws {MessageError} If a field is missing, unknown or of the wrong type.
 */
export function encodeMessage(message) {
  const fields = CLIENT_FIELDS[message.type];
  if (!fields) throw new MessageError(String(message.type), 'type');
  requireFields(message, fields);
  for (const field of Object.keys(message)) {
    if (field !== 'type' && !(field in fields)) throw new MessageError(message.type, field);
  }
  return JSON.stringify(message);
}

/**
 * Read one text frame of the gateway.
 *
 * Fields that are not known here are kept: a newer gateway may say more than this page needs.
 *
 * @param {string} json
 * @returns {Message | null} `null` for a type that this page does not know.
 * @throws {MessageError} If a field that the page relies on is missing or of the wrong type.
 */
export function decodeMessage(json) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    throw new MessageError('?', 'JSON');
  }
  if (!record(value)) throw new MessageError('?', 'JSON');
  const message = /** @type {Message} */ (value);
  if (typeof message.type !== 'string') throw new MessageError('?', 'type');
  const fields = GATEWAY_FIELDS[message.type];
  if (!fields) return null;
  requireFields(message, fields);
  return message;
}

/**
 * Put the 20-byte header before one piece of media.
 *
 * @param {number} kind One of {@link Kind}.
 * @param {number} seq From 1.
 * @param {number} timeMs When it was captured, ms since 1970.
 * @param {Uint8Array} payload
 * @param {{ flags?: number, turn?: number }} [more] `turn` of a close-up is the number of the
 *   overview that it belongs to.
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeMedia(kind, seq, timeMs, payload, { flags = 0, turn = 0 } = {}) {
  const frame = new Uint8Array(HEADER_BYTES + payload.byteLength);
  const view = new DataView(frame.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, flags);
  view.setUint32(4, seq, true);
  view.setFloat64(8, timeMs, true);
  view.setUint32(16, turn, true);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/**
 * @typedef {object} Media
 * @property {number} kind
 * @property {number} epoch
 * @property {number} seq
 * @property {number} timeMs
 * @property {number} turn
 * @property {Uint8Array<ArrayBuffer>} payload A view into the frame, not a copy.
 */

/**
 * Read a binary frame.
 *
 * @param {ArrayBuffer} frame
 * @returns {Media}
 * @throws {MessageError} If it is shorter than its header or of an unknown kind.
 */
export function decodeMedia(frame) {
  if (frame.byteLength < HEADER_BYTES) throw new MessageError('media', 'header');
  const view = new DataView(frame);
  const kind = view.getUint8(0);
  if (kind < Kind.MICROPHONE || kind > Kind.ASSISTANT_AUDIO) throw new MessageError('media', 'kind');
  return {
    kind,
    epoch: view.getUint16(2, true),
    seq: view.getUint32(4, true),
    timeMs: view.getFloat64(8, true),
    turn: view.getUint32(16, true),
    payload: new Uint8Array(frame, HEADER_BYTES),
  };
}

/**
 * Whether the id `left` was said after `right`; ids are `<epoch>-<seq>`.
 *
 * @param {string} left
 * @param {string | null} right `null` comes before every id.
 * @returns {boolean}
 */
export function isLater(left, right) {
  if (right === null) return true;
  const [leftEpoch, leftSeq] = left.split('-').map(Number);
  const [rightEpoch, rightSeq] = right.split('-').map(Number);
  return leftEpoch === rightEpoch ? leftSeq > rightSeq : leftEpoch > rightEpoch;
}
