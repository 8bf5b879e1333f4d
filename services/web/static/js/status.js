/**
 * One word for what is going on, out of everything that the page knows. Pure.
 */

/** @typedef {import('./state.js').PageState} PageState */

/**
 * Every status that the page can show. `tone` picks colour and shape in the style sheet.
 * @type {Readonly<Record<string, { label: string, tone: string, icon: string }>>}
 */
export const STATUSES = Object.freeze({
  idle: { label: 'Ready when you are', tone: 'quiet', icon: 'ring' },
  asking: { label: 'Waiting for you to pick', tone: 'wait', icon: 'pick' },
  connecting: { label: 'Connecting', tone: 'wait', icon: 'arc' },
  queued: { label: 'In the queue', tone: 'wait', icon: 'queue' },
  listening: { label: 'Listening', tone: 'listen', icon: 'dot' },
  ready: { label: 'Ready for a question', tone: 'listen', icon: 'dot' },
  hearing: { label: 'Hearing you', tone: 'hear', icon: 'bars' },
  thinking: { label: 'Thinking', tone: 'think', icon: 'dots' },
  looking: { label: 'Looking closer', tone: 'think', icon: 'look' },
  speaking: { label: 'Speaking', tone: 'speak', icon: 'waves' },
  interrupted: { label: 'Stopped for you', tone: 'wait', icon: 'cut' },
  muted: { label: 'Microphone muted', tone: 'quiet', icon: 'muted' },
  paused: { label: 'Sharing paused', tone: 'quiet', icon: 'paused' },
  resuming: { label: 'Picking up again', tone: 'wait', icon: 'arc' },
  offline: { label: 'Offline, trying again', tone: 'bad', icon: 'offline' },
  ended: { label: 'Conversation ended', tone: 'quiet', icon: 'ended' },
  refused: { label: 'Not let in', tone: 'bad', icon: 'refused' },
});

/** A break that lasts longer than so many attempts is called offline rather than resuming. */
const ATTEMPTS_BEFORE_OFFLINE = 3;

/**
 * @param {PageState} state
 * @returns {string | null} How the connection stands, if that is what matters now.
 */
function linkStatus(state) {
  if (state.link === 'waiting' && (!state.isOnline || state.attempt >= ATTEMPTS_BEFORE_OFFLINE)) {
    return 'offline';
  }
  if (state.link !== 'open') return state.wasLive ? 'resuming' : 'connecting';
  if (state.queuePosition > 0) return 'queued';
  if (state.session === 'resuming') return 'resuming';
  // The gateway is there, but nobody yet who listens.
  return state.session === 'live' ? null : 'connecting';
}

/**
 * @param {PageState} state
 * @returns {string} A name in {@link STATUSES}.
 */
export function statusOf(state) {
  if (state.asking) return 'asking';
  if (state.phase === 'ended') return state.ended?.reason === 'refused' ? 'refused' : 'ended';
  if (state.phase === 'idle') return 'idle';
  const link = linkStatus(state);
  if (link) return link;
  if (state.isInterrupted) return 'interrupted';
  if (state.isHearing) return 'hearing';
  if (state.isLooking) return 'looking';
  if (state.playingTurn !== null || state.isAnswering) return 'speaking';
  if (state.isThinking) return 'thinking';
  if (state.microphone.state === 'muted') return 'muted';
  if (state.share.state === 'on' && state.share.isPaused) return 'paused';
  return state.microphone.state === 'on' ? 'listening' : 'ready';
}

/**
 * @param {PageState} state
 * @returns {string} The label of the status, with its number where it has one.
 */
export function statusLabel(state) {
  const status = statusOf(state);
  if (status === 'queued') return `In the queue: number ${state.queuePosition}`;
  if (status === 'resuming' && state.attempt > 1) return `Picking up again, attempt ${state.attempt}`;
  if (status === 'listening' && state.settings.turnTaking === 'push_to_talk') return 'Hold to talk';
  if (status === 'asking' && state.asking === 'microphone') return 'Waiting for the microphone';
  return STATUSES[status].label;
}
