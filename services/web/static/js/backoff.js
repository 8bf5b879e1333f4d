/** When to connect again after a break. Pure; the caller rolls the dice. */

import { CloseCode } from './close-codes.js';

const FLOOR_MS = 200;
const CEILING_MS = 5_000;

/**
 * How long to wait before connecting again: full jitter, so that the clients of a gateway that went
 * away do not come back all at once.
 *
 * @param {number} code Close code of the socket; 1006 where there was none.
 * @param {number} attempt 0 for the first try after a break.
 * @param {number} random From 0 to 1.
 * @returns {number} Milliseconds, from 0 (a gateway that is being replaced) to 5 000.
 */
export function reconnectDelayMs(code, attempt, random) {
  if (code === CloseCode.GOING_AWAY && attempt === 0) return FLOOR_MS * random;
  if (code === CloseCode.BUSY) return 1_000 + (CEILING_MS - 1_000) * random;
  const ceiling = Math.min(CEILING_MS, 2 * FLOOR_MS * 2 ** Math.min(attempt, 10));
  const delay = FLOOR_MS + (ceiling - FLOOR_MS) * random;
  return code === CloseCode.TOO_FAST ? Math.max(1_000, delay) : delay;
}
