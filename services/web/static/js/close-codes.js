/** How a socket was closed, and whether to come back; docs/protocol.md has all the codes. Pure. */

/** Those that the page tells apart. */
export const CloseCode = Object.freeze({
  NORMAL: 1000,
  GOING_AWAY: 1012,
  BUSY: 1013,
  TICKET_REFUSED: 4401,
  TOO_FAST: 4429,
  PROTOCOL_ERROR: 4500,
  ENDED: 4501,
  TAKEN_OVER: 4509,
});

/**
 * Whether a client whose socket was closed with `code` should come back.
 *
 * @param {number} code
 * @returns {boolean}
 */
export function mayReconnect(code) {
  return code < 4500 && code !== CloseCode.NORMAL;
}
