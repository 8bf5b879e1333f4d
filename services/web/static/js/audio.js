/** The audio context that microphone and loudspeaker share, made on the first click. */

/** @type {AudioContext | null} */
let shared = null;

/** @returns {AudioContext} At the device's own rate: what is ours is resampled in the worklets. */
export function sharedContext() {
  shared ??= new AudioContext({ latencyHint: 'interactive' });
  return shared;
}

/** Longer than any machine takes to get its sound going; Firefox never gives up on one without. */
const START_LIMIT_MS = 3_000;

/**
 * Set a context going. Asked for from a click or a key, before which browsers allow no sound.
 *
 * @param {AudioContext} context
 * @returns {Promise<void>}
 * @throws {DOMException} `TimeoutError` if this machine has no sound to offer; it may be tried again.
 */
export function run(context) {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new DOMException('No sound on this machine', 'TimeoutError'));
    const timer = setTimeout(giveUp, START_LIMIT_MS);
    context.resume().then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** @type {WeakMap<BaseAudioContext, Promise<void>>} */
const loading = new WeakMap();

/**
 * Load both worklets into a context, once.
 *
 * @param {BaseAudioContext} context
 * @returns {Promise<void>}
 */
export function loadWorklets(context) {
  let loaded = loading.get(context);
  if (!loaded) {
    loaded = context.audioWorklet.addModule(new URL('../worklets/worklets.js', import.meta.url));
    loading.set(context, loaded);
  }
  return loaded;
}

/**
 * Connect a worklet with the worker, past the page's thread.
 *
 * @param {AudioWorkletNode} node
 * @returns {MessagePort} The worker's end.
 */
export function openPort(node) {
  const { port1, port2 } = new MessageChannel();
  node.port.postMessage({ port: port1 }, [port1]);
  return port2;
}
