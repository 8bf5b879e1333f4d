/** What the model may ask of the page: to look closer, and to point. Runs in the worker. */

/** @typedef {import('./messages.js').Message} Message */
/** @typedef {import('./screen.js').ScreenWatcher} ScreenWatcher */
/** @typedef {{ ok: boolean, message: string, picture?: number }} Result */

/** Names for `hello`, as the model knows them. */
export const TOOLS = Object.freeze(['look_closer', 'point_at']);

/** @param {ScreenWatcher} screen @param {any} args @returns {Promise<Result>} */
async function lookCloser(screen, { x, y, width, height }) {
  const region = { x: Number(x), y: Number(y), width: Number(width), height: Number(height) };
  const seen = await screen.lookCloser(region);
  if (typeof seen === 'string') return { ok: false, message: seen };
  const message = `Picture ${seen.number} shows it, a close-up of frame ${seen.overview}.`;
  return { ok: true, message, picture: seen.number };
}

/**
 * Do what the model asks.
 *
 * @param {ScreenWatcher} screen
 * @param {Message} message Of the type `tool`.
 * @param {(mark: import('./pointing.js').Mark) => void} onMark Shows where it points.
 * @returns {Promise<Message>} The result, for the model.
 */
export async function callTool(screen, message, onMark) {
  const call = String(message.call);
  const args = /** @type {Record<string, unknown>} */ (message.args);
  const answer = (/** @type {Result} */ result) => ({ type: 'tool_result', call, ...result });
  if (message.name === 'look_closer') return answer(await lookCloser(screen, args));
  if (message.name !== 'point_at') return answer({ ok: false, message: 'This page has no such tool.' });
  const mark = screen.pointAt(call, args);
  if (typeof mark === 'string') return answer({ ok: false, message: mark });
  onMark(mark);
  return answer({ ok: true, message: 'The user sees the mark.' });
}
