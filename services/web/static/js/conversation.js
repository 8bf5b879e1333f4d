/**
 * The conversation as a list of messages, and what each event of the gateway does to it.
 *
 * Pure: every function returns a new list and leaves untouched messages as they were, so that the
 * view can tell by identity what to draw again.
 */

/**
 * @typedef {object} Line
 * @property {string} key Unique, stable while the line grows.
 * @property {'user' | 'assistant'} role
 * @property {number | null} turn `null` for a typed question, whose turn is not known.
 * @property {string} text
 * @property {boolean} isFinal
 * @property {boolean} isCut The answer was interrupted.
 * @property {boolean} isTyped
 * @property {number} timeMs
 * @property {readonly Place[]} places Where its words lie in the sound of its turn.
 * @property {Seen | null} picture What an answer was based on.
 * @property {readonly Source[]} sources Pages that an answer rests on.
 */
/** @typedef {{ at: number, ms: number }} Place From this character on, the words belong to this time. */
/** @typedef {{ title: string, url: string }} Source */
/** @typedef {import('./state.js').Seen} Seen */
/**
 * @typedef {object} Words
 * @property {number} turn
 * @property {'user' | 'assistant'} role
 * @property {string} text
 * @property {boolean} final
 * @property {number} [placeMs] Where in the sound of the turn they belong.
 * @property {Seen | null} [picture] What the answer is based on, if they are its first.
 */

/** What the page calls who speaks. */
export const NAMES = Object.freeze({ user: 'You', assistant: 'Overshoulder' });

/**
 * @param {Partial<Line> & { key: string, role: 'user' | 'assistant', timeMs: number }} fields
 * @returns {Line}
 */
function makeLine(fields) {
  return {
    turn: null, text: '', isFinal: false, isCut: false, isTyped: false, places: [], picture: null,
    sources: [], ...fields,
  };
}

/**
 * @param {readonly Line[]} lines
 * @param {(line: Line) => boolean} matches
 * @param {Partial<Line>} change
 * @returns {readonly Line[]}
 */
function changeLast(lines, matches, change) {
  const index = lines.findLastIndex(matches);
  return index < 0 ? lines : lines.with(index, { ...lines[index], ...change });
}

/**
 * @param {readonly Line[]} lines
 * @param {string} text
 * @param {number} timeMs
 * @returns {readonly Line[]}
 */
export function addTyped(lines, text, timeMs) {
  const key = `typed-${lines.length}-${timeMs}`;
  return [...lines, makeLine({ key, role: 'user', text, timeMs, isFinal: true, isTyped: true })];
}

/**
 * A question that was typed before the page was loaded again.
 *
 * @param {readonly Line[]} lines
 * @param {number} seq
 * @param {string} text
 * @param {number} timeMs
 * @returns {readonly Line[]}
 */
export function addAsked(lines, seq, text, timeMs) {
  const key = `asked-${seq}`;
  if (lines.some((line) => line.key === key)) return lines;
  return [...lines, makeLine({ key, role: 'user', text, timeMs, isFinal: true, isTyped: true })];
}

/**
 * Append words to the line of their role and turn, which they open if they are the first.
 *
 * @param {readonly Line[]} lines
 * @param {Words} words
 * @param {number} timeMs
 * @returns {readonly Line[]}
 */
export function addWords(lines, words, timeMs) {
  const { role, turn, text, placeMs = 0, picture = null } = words;
  const index = lines.findLastIndex((line) => line.role === role && line.turn === turn);
  if (index >= 0) {
    const line = lines[index];
    // Cut by the user: what the assistant went on to say was never heard.
    if (line.isCut) return lines;
    const isFinal = line.isFinal || words.final;
    const places = text ? [...line.places, { at: line.text.length, ms: placeMs }] : line.places;
    return lines.with(index, { ...line, text: line.text + text, isFinal, places });
  }
  if (text === '') return lines;
  const line = makeLine({
    key: `${role}-${turn}-${timeMs}`, role, turn, text, timeMs, picture, isFinal: words.final,
    places: [{ at: 0, ms: placeMs }],
  });
  // Speech is recognised late, now and then after the answer to it has begun: it belongs above it.
  const answer = role === 'user'
    ? lines.findIndex((other) => other.role === 'assistant' && other.turn === turn)
    : -1;
  return answer < 0 ? [...lines, line] : lines.toSpliced(answer, 0, line);
}

/**
 * @param {readonly Line[]} lines
 * @param {number} turn
 * @returns {readonly Line[]}
 */
export function finishAnswer(lines, turn) {
  const isOpen = (/** @type {Line} */ line) => line.role === 'assistant' && line.turn === turn && !line.isFinal;
  return changeLast(lines, isOpen, { isFinal: true });
}

/**
 * Mark the answer of a turn as cut short, unless it had been given in full.
 *
 * @param {readonly Line[]} lines
 * @param {number} turn
 * @param {boolean} wasPlaying The words were all there, but not yet heard to the end.
 * @returns {readonly Line[]}
 */
export function cutAnswer(lines, turn, wasPlaying) {
  const isCuttable = (/** @type {Line} */ line) =>
    line.role === 'assistant' && line.turn === turn && (wasPlaying || !line.isFinal);
  return changeLast(lines, isCuttable, { isFinal: true, isCut: true });
}

/**
 * Keep of an interrupted answer what was heard of it.
 *
 * @param {readonly Line[]} lines
 * @param {number} turn
 * @param {string} text
 * @returns {readonly Line[]}
 */
export function keepHeard(lines, turn, text) {
  const isAnswer = (/** @type {Line} */ line) => line.role === 'assistant' && line.turn === turn;
  return changeLast(lines, isAnswer, { text, isFinal: true, isCut: true });
}

/**
 * @param {readonly Line[]} lines
 * @param {number} turn
 * @param {readonly unknown[]} found What is no title and address of a page is left out.
 * @returns {readonly Line[]}
 */
export function addSources(lines, turn, found) {
  const isAnswer = (/** @type {Line} */ line) => line.role === 'assistant' && line.turn === turn;
  const sources = found.flatMap((value) => {
    const { title, url } = /** @type {Record<string, unknown>} */ (value ?? {});
    const isPage = typeof url === 'string' && url.startsWith('https://') && URL.canParse(url);
    return isPage ? [{ title: typeof title === 'string' && title ? title : new URL(url).host, url }] : [];
  });
  const line = lines.findLast(isAnswer);
  return line ? changeLast(lines, isAnswer, { sources: [...line.sources, ...sources] }) : lines;
}

/** Nothing is known of the speed of the words that come last: this many characters are spoken in a ms. */
const CHARS_PER_MS = 0.016;

/**
 * How far the voice has come in the words of an answer.
 *
 * @param {Line} line
 * @param {number} playedMs
 * @returns {number} In characters.
 */
export function spokenLength({ places, text }, playedMs) {
  const index = places.findLastIndex(({ ms }) => ms <= playedMs);
  if (index < 0) return 0;
  const { at, ms } = places[index];
  const next = places.slice(index + 1).find((place) => place.ms > ms);
  const speed = next ? (next.at - at) / (next.ms - ms) : CHARS_PER_MS;
  return Math.min(next?.at ?? text.length, Math.round(at + speed * (playedMs - ms)));
}

/**
 * Nothing more will come: an answer that was still being given was cut by the end.
 *
 * @param {readonly Line[]} lines
 * @param {number | null} playingTurn
 * @returns {readonly Line[]}
 */
export function closeLines(lines, playingTurn) {
  return lines.map((line) => {
    const isCut = line.isCut ||
      (line.role === 'assistant' && (!line.isFinal || (line.turn !== null && line.turn === playingTurn)));
    return line.isFinal && line.isCut === isCut ? line : { ...line, isFinal: true, isCut };
  });
}

/**
 * The finished turns that the gateway hands to a reloaded page.
 *
 * @param {readonly unknown[]} history
 * @returns {readonly Line[]} Entries that are not what docs/protocol.md says are left out.
 */
export function fromHistory(history) {
  return history.flatMap((value, index) => {
    const { role, text, turn, time_ms: timeMs } = /** @type {Record<string, unknown>} */ (value ?? {});
    if ((role !== 'user' && role !== 'assistant') || typeof text !== 'string') return [];
    return [makeLine({
      key: `history-${index}`, role, text, isFinal: true,
      turn: typeof turn === 'number' ? turn : null,
      timeMs: typeof timeMs === 'number' ? timeMs : 0,
    })];
  });
}
