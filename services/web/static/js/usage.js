/** What a conversation has used: tokens by kind, and what they cost by the list. Pure. */

/**
 * @typedef {object} Usage
 * @property {number} turns
 * @property {number} totalTokens
 * @property {Readonly<Record<Kind, number>>} prompt Tokens by kind.
 * @property {Readonly<Record<Kind, number>>} response
 */
/** @typedef {'text' | 'audio' | 'image'} Kind */

/** @type {readonly Kind[]} */
export const KINDS = Object.freeze(['text', 'audio', 'image']);

/** @type {Usage} */
export const NOTHING_USED = Object.freeze({
  turns: 0, totalTokens: 0,
  prompt: Object.freeze({ text: 0, audio: 0, image: 0 }),
  response: Object.freeze({ text: 0, audio: 0, image: 0 }),
});

/**
 * US dollars for a million tokens of Gemini's live models, by the public list of this date.
 *
 * Source: https://ai.google.dev/gemini-api/docs/pricing
 */
export const PRICES = Object.freeze({
  date: '2026-10-09',
  prompt: Object.freeze({ text: 0.75, audio: 3, image: 1 }),
  response: Object.freeze({ text: 4.5, audio: 12, image: 0 }),
});

/** @param {Readonly<Record<Kind, number>>} sum @param {unknown} more @returns {Record<Kind, number>} */
function addKinds(sum, more) {
  const counts = /** @type {Record<string, unknown>} */ (more ?? {});
  const [text, audio, image] = KINDS.map((kind) => {
    const count = counts[kind];
    return sum[kind] + (typeof count === 'number' ? count : 0);
  });
  return { text, audio, image };
}

/**
 * @param {Usage} usage
 * @param {any} message `usage` of docs/protocol.md.
 * @returns {Usage}
 */
export function addUsage(usage, message) {
  const { details, prompt_tokens: prompt, response_tokens: response } = message;
  return {
    turns: usage.turns + 1,
    totalTokens: usage.totalTokens + message.total_tokens,
    // Without details there is speech on both sides, for the most part.
    prompt: addKinds(usage.prompt, details?.prompt ?? { audio: prompt }),
    response: addKinds(usage.response, details?.response ?? { audio: response }),
  };
}

/** @param {Usage} usage @returns {number} What it would cost, in US dollars. */
export function dollars({ prompt, response }) {
  const cost = KINDS.reduce(
    (sum, kind) => sum + prompt[kind] * PRICES.prompt[kind] + response[kind] * PRICES.response[kind], 0,
  );
  return cost / 1_000_000;
}
