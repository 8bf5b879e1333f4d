/** What happened, in few words: for the details, and for whoever is sent them. Pure. */

/** @typedef {{ timeMs: number, what: string }} Entry */

const MOST_ENTRIES = 300;

/** @type {Record<string, (message: any) => string>} What is told of the gateway's messages; no words of anybody. */
const MESSAGES = {
  state: ({ state, model, position, reason }) => ['state', state, model, position, reason].filter(Boolean).join(' '),
  turn_start: ({ turn, picture }) => `answer ${turn} begins${picture ? `, from frame ${picture}` : ''}`,
  turn_end: ({ turn }) => `answer ${turn} is complete`,
  interrupted: ({ turn }) => `answer ${turn} was interrupted`,
  heard: ({ turn, text }) => `answer ${turn} was heard for ${text.length} characters`,
  usage: ({ total_tokens: total }) => `${total} tokens`,
  notice: ({ code }) => `notice ${code}`,
  gap: ({ kind, first, last }) => `gap of ${kind}, ${first} to ${last}`,
  tool: ({ name, call }) => `tool ${name} ${call}`,
  tool_cancelled: ({ call }) => `tool ${call} cancelled`,
  citations: ({ sources }) => `${sources.length} sources`,
  error: ({ code, seq }) => `error ${code}${seq ? ` at ${seq}` : ''}`,
};

/** @type {Record<string, (data: any) => string>} What is told of the worker's messages. */
const EVENTS = {
  link: ({ state, attempt, code }) => `line ${state}${attempt ? `, attempt ${attempt}` : ''}${code ? `, code ${code}` : ''}`,
  ready: ({ ready, isReplaced }) => `checked in${ready.resumed ? ', resumed' : ''}${isReplaced ? ', anew' : ''}`,
  gateway: ({ message }) => MESSAGES[message.type]?.(message) ?? '',
  picture_sent: ({ picture }) => {
    const { number, overview, width, height, bytes } = picture;
    return `${overview > 0 ? 'close-up' : 'frame'} ${number} sent, ${width} × ${height}, ${bytes} bytes`;
  },
  speech: ({ isSpeaking }) => `speech ${isSpeaking ? 'begins' : 'ends'}`,
  playing: ({ turn, isPlaying }) => `voice of ${turn} ${isPlaying ? 'begins' : 'pauses'}`,
  audio_lost: ({ lostMs }) => `${lostMs} ms of speech lost`,
  ticket_refused: ({ code }) => `ticket refused, ${code}`,
};

export class EventLog {
  /** @type {readonly Entry[]} Oldest first. */
  entries = [];

  /**
   * @param {{ kind: string }} data What the worker told.
   * @param {number} timeMs
   */
  note(data, timeMs) {
    const what = EVENTS[data.kind]?.(data);
    if (what) this.entries = [...this.entries.slice(1 - MOST_ENTRIES), { timeMs, what }];
  }
}
