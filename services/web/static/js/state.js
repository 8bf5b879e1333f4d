/**
 * The page's state, and the only place that changes it.
 *
 * Whoever wants a change calls {@link Store.update} or {@link Store.receive}; whoever shows
 * something listens to `change`, which comes once after any number of changes in a row.
 */

import { afterGatewayMessage } from './events.js';
import { NOTHING_USED } from './usage.js';

/** @typedef {import('./conversation.js').Line} Line */
/**
 * @typedef {object} Problem Something that went wrong, in plain words, with one next step.
 * @property {string} key Only one of each is shown.
 * @property {string} title
 * @property {string} hint
 * @property {'info' | 'warn'} tone
 * @property {{ label: string, action: string } | null} next `action` is a `data-action` of the page.
 */
/**
 * @typedef {object} Settings
 * @property {string} voice
 * @property {string} preset
 * @property {string} instructions
 * @property {'open_mic' | 'push_to_talk'} turnTaking
 * @property {string} language For instance `en-US`; empty for the browser's own.
 * @property {string} model Empty for the server's choice.
 * @property {'low' | 'normal' | 'high'} sensitivity How easily sound is taken for speech.
 * @property {string} microphone Device id; empty for the system's choice.
 * @property {string} speaker Device id; empty for the system's choice.
 * @property {boolean} sound
 * @property {boolean} singleKeys
 * @property {'auto' | 'light' | 'dark'} theme
 * @property {import('./pace.js').Detail} detail How much of the screen is sent.
 */
/**
 * @typedef {object} Sight What may be seen of what is shared; rectangles in fractions of it.
 * @property {Rect | null} region All that is seen; `null` for everything.
 * @property {readonly Rect[]} masks Hidden parts.
 * @property {boolean} hidesOwn Whether windows of this page are hidden on a screen shared whole.
 */
/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {Omit<import('./pictures.js').Picture, 'jpeg'> & { bytes: number, sentMs: number }} Seen A picture that was sent. */
/**
 * @typedef {object} PageState
 * @property {'idle' | 'live' | 'ended'} phase
 * @property {'screen' | 'camera' | 'microphone' | null} asking What the browser is asking about.
 * @property {'none' | 'connecting' | 'open' | 'waiting' | 'closed'} link
 * @property {number} attempt
 * @property {boolean} isOnline
 * @property {boolean} wasLive This conversation has been connected before.
 * @property {number} earlierSeq Up to here messages were sent before the page was loaded again.
 * @property {'none' | 'connecting' | 'live' | 'resuming'} session
 * @property {number} queuePosition 0 when not queued.
 * @property {string} model
 * @property {boolean} isHearing
 * @property {boolean} isThinking
 * @property {boolean} isAnswering Words are coming, whether or not they are heard.
 * @property {boolean} isInterrupted
 * @property {boolean} isLooking The assistant has asked for a closer look.
 * @property {number} answerTurn The turn answered last; 0 before the first.
 * @property {Seen | null} answerPicture What that answer is based on.
 * @property {{ turn: number, ms: number }} spoken How far the voice has come.
 * @property {number | null} playingTurn The turn whose voice is being heard.
 * @property {{ state: 'off' | 'on' | 'muted', label: string }} microphone
 * @property {'none' | 'on' | 'off'} tabSound The sound of what is shared: not there, heard, not heard.
 * @property {{ state: 'off' | 'on', isPaused: boolean, surface: string, label: string }} share
 * @property {Sight} sight
 * @property {Seen | null} picture The newest overview of what is shared now.
 * @property {readonly Seen[]} pictures The newest that were sent, oldest first.
 * @property {number} pictureCount
 * @property {import('./pointing.js').Mark | null} mark Where the assistant points, in fractions of the picture.
 * @property {readonly Line[]} lines
 * @property {import('./usage.js').Usage} usage
 * @property {import('./metrics.js').Figures | null} figures
 * @property {readonly Problem[]} problems
 * @property {{ reason: string, message: string } | null} ended
 * @property {Settings} settings
 * @property {Pick<import('./tickets.js').Ticket, 'assistant' | 'voices' | 'presets' | 'models'> | null} server
 * @property {{ problem: string } | null} access The access code is asked for.
 * @property {readonly import('./devices.js').Device[]} microphones
 * @property {readonly import('./devices.js').Device[]} speakers
 */

/** Of a new share everything is seen, but the page itself. @type {Sight} */
export const WHOLE = Object.freeze({ region: null, masks: [], hidesOwn: true });

/** What a conversation starts from; the rest outlives it. */
const FRESH = Object.freeze({
  asking: null, link: /** @type {const} */ ('none'), attempt: 0, wasLive: false, earlierSeq: 0,
  session: /** @type {const} */ ('none'), queuePosition: 0, model: '',
  isHearing: false, isThinking: false, isAnswering: false, isInterrupted: false,
  isLooking: false, answerPicture: null, spoken: { turn: 0, ms: 0 },
  answerTurn: 0, playingTurn: null,
  microphone: { state: /** @type {const} */ ('off'), label: '' }, tabSound: /** @type {const} */ ('none'),
  share: { state: /** @type {const} */ ('off'), isPaused: false, surface: '', label: '' },
  sight: WHOLE, picture: null, pictures: [], pictureCount: 0, mark: null, lines: [],
  usage: NOTHING_USED,
  figures: null, problems: [], ended: null,
});

export class Store extends EventTarget {
  #isAnnounced = false;

  /** @param {Settings} settings */
  constructor(settings) {
    super();
    /** @type {PageState} */
    this.state = {
      ...FRESH, phase: 'idle', isOnline: true, settings, server: null, access: null, microphones: [],
      speakers: [],
    };
  }

  /** @param {Partial<PageState>} change */
  update(change) {
    this.state = { ...this.state, ...change };
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    // Not by animation frame: those stop while the shared window covers the page, and the title,
    // which is seen then, would stop with them.
    queueMicrotask(() => {
      this.#isAnnounced = false;
      this.dispatchEvent(new Event('change'));
    });
  }

  /** Take in what the gateway said. @param {import('./messages.js').Message} message */
  receive(message) {
    this.update(afterGatewayMessage(this.state, message, Date.now()));
  }

  /** Clear what belongs to one conversation. @param {PageState['phase']} phase */
  startOver(phase) {
    this.update({ ...FRESH, phase });
  }

  /** Show a problem in the place of an older one of its kind. @param {Problem} problem */
  addProblem(problem) {
    const others = this.state.problems.filter(({ key }) => key !== problem.key);
    this.update({ problems: [...others, problem] });
  }

  /** @param {string} key */
  dropProblem(key) {
    if (!this.state.problems.some((problem) => problem.key === key)) return;
    this.update({ problems: this.state.problems.filter((problem) => problem.key !== key) });
  }
}
