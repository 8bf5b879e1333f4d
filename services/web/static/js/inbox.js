/** What the worker tells, and what becomes of it. */

import { CloseCode } from './close-codes.js';
import { fromHistory } from './conversation.js';
import { canShareScreen } from './devices.js';
import { afterEnd } from './events.js';
import { seconds } from './format.js';
import { writeSession } from './storage.js';

/** How long "stopped for you" is shown. */
const INTERRUPTED_MS = 1_600;
/** How many of the pictures that were sent can still be looked at. */
const KEPT_PICTURES = 30;

/** @typedef {import('./state.js').Store} Store */
/** @typedef {import('./actions.js').Actions} Actions */
/** @typedef {(actions: Actions, data: any) => void} Handler */

/** What a socket that is closed for good says about the end. @type {Record<number, { reason: string, message: string }>} */
const ENDINGS = {
  [CloseCode.TAKEN_OVER]: { reason: 'taken_over', message: 'This conversation was opened in another tab.' },
  [CloseCode.PROTOCOL_ERROR]: {
    reason: 'failed', message: 'The page and the server did not understand each other. Load the page again.',
  },
};

/** Shown until something is shared: it takes the place of whatever else concerns the screen. */
const LOADED_AGAIN = Object.freeze({
  key: 'screen', tone: /** @type {const} */ ('info'), title: 'Picked up where you left off.',
  hint: 'Screen and microphone went off when the page was loaded again.',
  next: canShareScreen() ? Object.freeze({ label: 'Share screen', action: 'share' }) : null,
});

/** @type {Handler} */
function onLink(actions, { state, attempt = 0, code }) {
  const { store } = actions;
  store.update({ link: state, attempt });
  if (state !== 'closed') {
    if (state === 'waiting') store.update({ isThinking: false, queuePosition: 0 });
    return;
  }
  actions.releaseDevices();
  if (code !== CloseCode.TAKEN_OVER) writeSession(null);
  store.update(afterEnd(store.state, ENDINGS[code] ?? { reason: 'closed', message: '' }));
}

/** @type {Handler} */
function onReady({ store }, { ready, isReplaced }) {
  const { lines, problems, wasLive } = store.state;
  writeSession({ session: ready.session, token: ready.token });
  // What was wrong with the connection before this one is over with it.
  store.update({ problems: problems.filter(({ key }) => !key.startsWith('error-')) });
  if (ready.history.length > 0 && lines.length === 0) {
    store.update({ lines: fromHistory(ready.history) });
  }
  if (ready.resumed && !wasLive) {
    store.addProblem(LOADED_AGAIN);
    store.update({ earlierSeq: ready.last_seq });
  }
  if (isReplaced) {
    store.addProblem({
      key: 'session', tone: 'info', title: 'The earlier conversation had ended.',
      hint: 'This is a new one, which knows nothing of what was said before.', next: null,
    });
    store.update({ answerTurn: 0, session: 'connecting' });
  }
  // Of a session that goes on, what it told before is known already or, after a reload, over: only
  // a change would be told again.
  if (ready.resumed && store.state.session === 'none') store.update({ session: 'live' });
  store.update({ wasLive: true });
}

/** @type {Handler} */
function onGateway(actions, { message, placeMs }) {
  const { store } = actions;
  store.receive(placeMs === undefined ? message : { ...message, placeMs });
  if (message.type === 'state' && message.state === 'ended') {
    writeSession(null);
    actions.releaseDevices();
  }
}

/** @type {Record<string, Handler>} */
const HANDLERS = {
  link: onLink,
  ready: onReady,
  gateway: onGateway,
  picture_sent({ store }, { picture }) {
    if (store.state.share.state !== 'on') return;
    const { pictures, pictureCount } = store.state;
    store.update({
      pictures: [...pictures.slice(1 - KEPT_PICTURES), picture], pictureCount: pictureCount + 1,
      ...(picture.overview === 0 ? { picture } : {}),
    });
  },
  mark: ({ store }, { mark }) => store.update({ mark }),
  speech({ store }, { isSpeaking }) {
    const isAsked = store.state.lines.at(-1)?.role === 'user';
    store.update({
      isHearing: isSpeaking, isThinking: !isSpeaking && isAsked && !store.state.isAnswering,
    });
  },
  playing({ store }, { turn, isPlaying }) {
    if (isPlaying) store.update({ playingTurn: turn, isThinking: false, isInterrupted: false });
    else if (store.state.playingTurn === turn) store.update({ playingTurn: null });
  },
  figures: ({ store }, { figures }) => store.update({ figures }),
  position: ({ store }, { turn, playedMs }) => store.update({ spoken: { turn, ms: playedMs } }),
  audio_lost({ store }, { lostMs }) {
    store.addProblem({
      key: 'gap', tone: 'warn', next: null, title: `${seconds(lostMs)} of what you said were lost.`,
      hint: 'The connection was away for too long. Please say it again.',
    });
  },
  ticket_refused(actions) {
    actions.releaseDevices();
    actions.store.startOver('idle');
    actions.store.update({ access: { problem: '' } });
  },
  wake_track: ({ share }) => void share?.wake().catch(() => undefined),
  async bitmap_wanted(actions) {
    const bitmap = await actions.share?.grab();
    if (bitmap) actions.post('bitmap', { bitmap }, [bitmap]);
  },
};

/**
 * Take in what the worker tells.
 *
 * @param {Actions} actions
 * @param {Worker} worker
 * @param {import('./event-log.js').EventLog} log
 * @param {(side: 'user' | 'assistant', db: number) => void} onLevel Drawn past the store: it comes a dozen times a second.
 */
export function listen(actions, worker, log, onLevel) {
  const { store } = actions;
  worker.onmessage = ({ data }) => {
    if (data.kind === 'level') {
      onLevel(data.side, data.db);
      return;
    }
    log.note(data, Date.now());
    if (store.state.phase === 'live') HANDLERS[data.kind]?.(actions, data);
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let calming;
  store.addEventListener('change', () => {
    if (!store.state.isInterrupted || calming !== undefined) return;
    calming = setTimeout(() => {
      calming = undefined;
      store.update({ isInterrupted: false });
    }, INTERRUPTED_MS);
  });
}
