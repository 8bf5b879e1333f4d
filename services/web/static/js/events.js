/** What each message of the gateway changes in the page's state. Pure. */

import {
  addAsked, addSources, addWords, closeLines, cutAnswer, finishAnswer, keepHeard,
} from './conversation.js';
import { seconds } from './format.js';
import { addUsage } from './usage.js';

/** @typedef {import('./state.js').PageState} PageState */
/** @typedef {import('./messages.js').Message} Message */
/** @typedef {(state: PageState, message: any, nowMs: number) => Partial<PageState>} Change */

/** Each piece of lost audio that a gap counts is this long. */
const LOST_CHUNK_MS = 40;

/** @type {Record<string, Change>} */
const STATE_CHANGES = {
  queued: (_, { position }) => ({ queuePosition: position ?? 1, session: 'connecting' }),
  connecting: () => ({ queuePosition: 0, session: 'connecting' }),
  live: (state, { model }) => ({
    queuePosition: 0, session: 'live', model: model ?? '',
    // "Trying again" has come true.
    problems: state.problems.filter(({ key }) => !key.startsWith('notice-')),
  }),
  // Nothing to be seen: whatever is said wakes it.
  parked: (_, { model }) => ({ queuePosition: 0, session: 'live', model: model ?? '' }),
  resuming: () => ({
    queuePosition: 0, session: 'resuming', isThinking: false, isAnswering: false, isLooking: false,
  }),
  ended: (state, { reason, message }) => afterEnd(state, { reason: reason ?? '', message: message ?? '' }),
};

/** @type {Record<string, Change>} */
const CHANGES = {
  state: (state, message, nowMs) => STATE_CHANGES[message.state]?.(state, message, nowMs) ?? {},

  transcript(state, message, nowMs) {
    const picture = message.turn === state.answerTurn ? state.answerPicture : null;
    const lines = addWords(state.lines, { ...message, picture }, nowMs);
    if (message.role === 'assistant') return { lines, isThinking: false, isLooking: false };
    // Words of the question that come when it is already being answered say nothing new.
    const isOpen = message.turn > state.answerTurn && !state.isAnswering;
    return { lines, isThinking: isOpen && !state.isHearing };
  },

  asked: (state, { seq, text }, nowMs) => (
    // What this page has sent, it shows.
    seq > state.earlierSeq ? {} : { lines: addAsked(state.lines, seq, text, nowMs), isThinking: true }
  ),

  turn_start: (state, { turn, picture }) => ({
    isThinking: false, isAnswering: true, isInterrupted: false, isLooking: false, answerTurn: turn,
    // Held here as long as its answer is: the row of pictures forgets it sooner.
    answerPicture: state.pictures.find(({ number }) => number === picture) ?? null,
  }),

  turn_end: (state, { turn }) => ({
    lines: finishAnswer(state.lines, turn), isThinking: false, isAnswering: false, isLooking: false,
  }),

  heard: (state, { turn, text }) => ({ lines: keepHeard(state.lines, turn, text) }),

  citations: (state, { turn, sources }) => ({ lines: addSources(state.lines, turn, sources) }),

  tool: (_, { name }) => (name === 'look_closer' ? { isLooking: true, isThinking: false } : {}),

  tool_cancelled: () => ({ isLooking: false }),

  interrupted(state, { turn }) {
    const wasPlaying = state.playingTurn === turn;
    const isInterrupted = wasPlaying || (state.isAnswering && state.answerTurn === turn);
    return {
      lines: cutAnswer(state.lines, turn, wasPlaying),
      isAnswering: false, isThinking: false, isLooking: false, playingTurn: null, isInterrupted,
    };
  },

  usage: (state, message) => ({ usage: addUsage(state.usage, message) }),

  notice: (state, { code, message }) => withProblem(state, {
    key: `notice-${code}`, title: message, hint: '', tone: 'info', next: null,
  }),

  gap: (state, { first, last }) => withProblem(state, {
    key: 'gap', tone: 'warn', next: null,
    title: `About ${seconds((last - first + 1) * LOST_CHUNK_MS)} of what you said were lost.`,
    hint: 'Please say it again.',
  }),

  error(state, { code, message, action }) {
    // `ready` follows and says the same: it is told there.
    if (code === 'no_session') return {};
    return withProblem(state, {
      key: `error-${code}`, title: message, hint: action, tone: 'warn', next: null,
    });
  },
};

/**
 * @param {PageState} state
 * @param {NonNullable<PageState['ended']>} ended Why.
 * @returns {Partial<PageState>}
 */
export function afterEnd(state, ended) {
  return {
    phase: 'ended', asking: null, isHearing: false, isThinking: false, isAnswering: false,
    isLooking: false, isInterrupted: false, playingTurn: null, ended,
    lines: closeLines(state.lines, state.playingTurn),
  };
}

/**
 * @param {PageState} state
 * @param {import('./state.js').Problem} problem
 * @returns {Partial<PageState>}
 */
function withProblem(state, problem) {
  return { problems: [...state.problems.filter(({ key }) => key !== problem.key), problem] };
}

/**
 * @param {PageState} state
 * @param {Message} message
 * @param {number} nowMs
 * @returns {Partial<PageState>}
 */
export function afterGatewayMessage(state, message, nowMs) {
  return CHANGES[message.type]?.(state, message, nowMs) ?? {};
}
