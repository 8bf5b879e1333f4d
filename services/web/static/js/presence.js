/** Tells the machine that a conversation is live: its screen stays on, its media keys work. */

/** @typedef {import('./actions.js').Actions} Actions */

/** @param {MediaSessionAction} action @param {(() => void) | null} act */
function onMediaKey(action, act) {
  try {
    navigator.mediaSession?.setActionHandler(action, act);
  } catch {
    // A browser that does not know this key.
  }
}

/** @param {Actions} actions */
export function tellMachine(actions) {
  const { store } = actions;
  /** @type {Record<string, () => void>} */
  const keys = {
    play: () => actions.toggleMute(), pause: () => actions.toggleMute(), stop: () => actions.hush(),
    togglemicrophone: () => actions.toggleMute(), hangup: () => actions.end(),
  };
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let isLive = false;

  async function stayAwake() {
    if (!isLive || document.visibilityState !== 'visible' || (lock && !lock.released)) return;
    // Refused on low battery: then the screen may go dark, and nothing else is different.
    lock = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
    if (!isLive) await lock?.release();
  }

  store.addEventListener('change', () => {
    const { phase, microphone } = store.state;
    if (isLive && navigator.mediaSession) {
      navigator.mediaSession.playbackState = microphone.state === 'on' ? 'playing' : 'paused';
    }
    if ((phase === 'live') === isLive) return;
    isLive = phase === 'live';
    for (const [action, act] of Object.entries(keys)) {
      onMediaKey(/** @type {MediaSessionAction} */ (action), isLive ? act : null);
    }
    if (isLive) void stayAwake();
    else void lock?.release();
  });
  document.addEventListener('visibilitychange', () => void stayAwake());
}
