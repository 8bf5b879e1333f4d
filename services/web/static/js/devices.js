/** Asks the browser for screen, camera and microphone, and says in plain words why it did not work. */

/** Asked for, not insisted on: a track is as large as what is shared, whatever is named here. */
const SCREEN_VIDEO = {
  width: { ideal: 3_840 }, height: { ideal: 2_160 }, frameRate: { ideal: 10, max: 15 },
  // People point at what they ask about. That the pointer moves counts as a change: by its looks it
  // cannot be told from a tick that goes from one answer of a form to the next.
  cursor: /** @type {const} */ ('always'),
};

export const canShareScreen = () => Boolean(navigator.mediaDevices?.getDisplayMedia);
export const canUseMicrophone = () => Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Let the user pick a screen, a window or a tab. Settles when they do, which may be never.
 *
 * @returns {Promise<MediaStream>}
 */
export function askForScreen() {
  /** @type {DisplayMediaStreamOptions} */
  const options = {
    video: SCREEN_VIDEO, selfBrowserSurface: 'exclude', surfaceSwitching: 'include',
    // The sound of a tab may come along; that of the whole machine would bring the assistant's own.
    audio: { restrictOwnAudio: true, suppressLocalAudioPlayback: false }, systemAudio: 'exclude',
  };
  if ('CaptureController' in window) {
    options.controller = new CaptureController();
    // The page stays in front, so that what it says about the connection is seen.
    options.controller.setFocusBehavior('no-focus-change');
  }
  return navigator.mediaDevices.getDisplayMedia(options);
}

/** @returns {Promise<MediaStream>} The camera at the back of a phone, or any other. */
export function askForCamera() {
  return navigator.mediaDevices.getUserMedia({
    video: { facingMode: 'environment', width: { ideal: 1_920 }, height: { ideal: 1_080 } },
  });
}

/** @returns {Promise<boolean>} Whether there is a camera to offer at all. */
export async function hasCamera() {
  return (await listDevices('videoinput')).length > 0;
}

/**
 * @param {string} deviceId Empty for the system's choice; one that is gone counts as empty.
 * @returns {Promise<MediaStream>}
 */
export async function askForMicrophone(deviceId) {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
  const isThere = (await listDevices('audioinput')).some((device) => device.deviceId === deviceId);
  // As a mere wish Chromium passes over it in favour of the system's choice.
  const wanted = deviceId && isThere ? { ...audio, deviceId: { exact: deviceId } } : audio;
  return navigator.mediaDevices.getUserMedia({ audio: wanted });
}

/** @param {MediaDeviceKind} kind @returns {Promise<MediaDeviceInfo[]>} */
async function listDevices(kind) {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === kind);
}

/** @typedef {{ id: string, label: string }} Device */

/** @param {MediaDeviceKind} kind @returns {Promise<Device[]>} Without those that stand for others. */
async function listNamed(kind) {
  const devices = await listDevices(kind);
  return devices
    .filter(({ deviceId, label }) => deviceId && !['default', 'communications'].includes(deviceId) && label)
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}

/** @returns {Promise<Device[]>} Empty until the microphone was once allowed. */
export const listMicrophones = () => listNamed('audioinput');

/** @returns {Promise<Device[]>} Empty where the browser does not let a page choose. */
export async function listSpeakers() {
  return 'setSinkId' in AudioContext.prototype ? listNamed('audiooutput') : [];
}

/** @returns {Promise<boolean>} Whether the microphone can be had without a question to the user. */
export async function isMicrophoneAllowed() {
  try {
    const { state } = await navigator.permissions.query({ name: 'microphone' });
    return state === 'granted';
  } catch {
    // A browser that does not tell may ask.
    return false;
  }
}

/** @typedef {Omit<import('./state.js').Problem, 'key' | 'tone'>} Words */
/** @type {Record<string, Words>} */
const MICROPHONE_WORDS = {
  NotAllowedError: {
    title: 'The microphone is blocked for this page.',
    hint: 'Allow it beside the address of this page. Typing works without it.',
    next: { label: 'Try again', action: 'microphone' },
  },
  NotFoundError: {
    title: 'No microphone was found.',
    hint: 'Plug one in, or type your questions.',
    next: { label: 'Look again', action: 'microphone' },
  },
  NotReadableError: {
    title: 'The microphone is in use by another program.',
    hint: 'Close that program, or choose another microphone in the settings.',
    next: { label: 'Try again', action: 'microphone' },
  },
  TimeoutError: {
    title: 'This browser gets no sound on this machine.',
    hint: 'Connect headphones or a loudspeaker. Typing works without.',
    next: { label: 'Try again', action: 'microphone' },
  },
};
/** @type {Words} */
const MICROPHONE_FAILED = {
  title: 'The microphone could not be opened.',
  hint: 'Typing works without it.',
  next: { label: 'Try again', action: 'microphone' },
};

/** @type {Record<string, Words>} */
const SCREEN_WORDS = {
  NotAllowedError: {
    title: 'Nothing was shared.',
    hint: 'Pick a screen or a window, or go on without one. If no choice appeared, allow screen recording for this browser in the system settings.',
    next: { label: 'Choose what to share', action: 'share' },
  },
};
/** @type {Words} */
const SCREEN_FAILED = {
  title: 'This screen could not be shared.',
  hint: 'Another window or the whole screen may work.',
  next: { label: 'Choose another', action: 'share' },
};

/** @param {unknown} error @returns {string} */
const errorName = (error) => (error instanceof Error || error instanceof DOMException ? error.name : '');

/** @param {unknown} error What `askForMicrophone` threw. @returns {import('./state.js').Problem} */
export function microphoneProblem(error) {
  return { key: 'microphone', tone: 'warn', ...(MICROPHONE_WORDS[errorName(error)] ?? MICROPHONE_FAILED) };
}

/** @param {unknown} error What `askForScreen` threw. @returns {import('./state.js').Problem} */
export function screenProblem(error) {
  return { key: 'screen', tone: 'warn', ...(SCREEN_WORDS[errorName(error)] ?? SCREEN_FAILED) };
}
