/**
 * Asks the web service for a ticket, the short-lived paper that lets a client in.
 *
 * Used by the page, to learn who answers here, and by the worker before each connection.
 */

/**
 * @typedef {object} Ticket
 * @property {string} ticket
 * @property {string} gateway Address of the gateway's socket.
 * @property {{ name: string, standin: boolean }} assistant
 * @property {string[]} voices
 * @property {{ id: string, name: string, description: string }[]} presets
 * @property {string[]} models
 */

/** No ticket was given. `status` 0: the web service could not be reached at all. */
export class TicketError extends Error {
  /**
   * @param {number} status
   * @param {{ code?: string, message?: string, action?: string, retry_after_s?: number }} details
   */
  constructor(status, details) {
    super(details.message ?? 'The server cannot be reached.');
    this.name = 'TicketError';
    this.status = status;
    this.code = details.code ?? 'unreachable';
    this.action = details.action ?? 'Check that it is running, then try again.';
    this.retryAfterMs = (details.retry_after_s ?? 0) * 1_000;
  }

  /** A code has to be typed first; asking again without it would not help. */
  get needsAccessCode() {
    return this.status === 401;
  }
}

/** @param {Response} response */
async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

/**
 * @param {string} [accessCode] Only the first time; a cookie remembers it.
 * @returns {Promise<Ticket>}
 * @throws {TicketError} If the service refuses or cannot be reached.
 */
export async function requestTicket(accessCode) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch('/api/ticket', {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(accessCode ? { access_code: accessCode } : {}),
    });
  } catch {
    throw new TicketError(0, {});
  }
  const body = await readJson(response);
  if (!response.ok) {
    const message = `The server answered with an error (${response.status}).`;
    throw new TicketError(response.status, { message, ...body, ...body.error });
  }
  return { models: [], ...body, gateway: gatewayAddress(body.gateway) };
}

/** @param {string} gateway A `ws:` address, or a path on the page's own origin. @returns {string} */
function gatewayAddress(gateway) {
  const url = new URL(gateway, self.location.origin);
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  return url.href;
}
