/** Learns who answers here, and whether a code is needed, before anything is started. */

import { TicketError, requestTicket } from './tickets.js';

/** @typedef {import('./state.js').Store} Store */

/** @param {Store} store @param {TicketError} error */
function showRefusal(store, error) {
  const isGuessing = error.status === 429 && store.state.access !== null;
  if (error.needsAccessCode || isGuessing) {
    const isWrong = isGuessing || error.code === 'access_code_wrong';
    store.update({ access: { problem: isWrong ? `${error.message} ${error.action}` : '' } });
    return;
  }
  store.addProblem({
    key: 'server', title: error.message, hint: error.action, tone: 'warn',
    next: { label: 'Try again', action: 'check-in' },
  });
}

/**
 * @param {Store} store Is told who answers, or what is in the way.
 * @param {string} [accessCode] As typed by the user.
 */
export async function checkIn(store, accessCode) {
  try {
    const { assistant, voices, presets, models } = await requestTicket(accessCode);
    store.update({ server: { assistant, voices, presets, models }, access: null });
    store.dropProblem('server');
  } catch (error) {
    if (!(error instanceof TicketError)) throw error;
    showRefusal(store, error);
  }
}
