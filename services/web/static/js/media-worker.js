/**
 * The worker: socket, pictures, microphone, playback and every clock. Nothing of the media path
 * runs on the page's own thread, whose timers stop as soon as the shared window covers it.
 *
 * Talks to the page by messages `{ kind, … }`, to the audio worklets by ports of their own.
 */

import { CloseCode, PROTOCOL } from './messages.js';
import { GatewaySocket, nowMs } from './socket.js';
import { levelDb } from './pcm.js';
import { ScreenWatcher } from './screen.js';
import { SpeechDetector } from './speech-detector.js';
import { requestTicket } from './tickets.js';

/** How often the page hears about levels; finer than this nobody sees. */
const LEVEL_EVERY_MS = 80;
/** A question does not wait longer than this for its picture. */
const LOOK_LIMIT_MS = 500;
/** Chunks of 40 ms kept from before the talk key was down: the first word begins a bit early. */
const PREROLL_CHUNKS = 5;
/** How long to wait for the gateway to confirm the end. */
const END_LIMIT_MS = 1_500;
const CHUNK_MS = 40;

const page = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** @param {{ kind: string, [field: string]: unknown }} message @param {Transferable[]} [transfer] */
const tell = (message, transfer = []) => page.postMessage(message, transfer);

const microphone = { isOn: false, isMuted: false, isPushToTalk: false, isTalking: false };
const share = { isOn: false, surface: '' };
const detector = new SpeechDetector();
/** @type {{ pcm16: Uint8Array<ArrayBuffer>, timeMs: number }[]} */
let preroll = [];
/** @type {MessagePort | null} */
let capturePort = null;
/** @type {MessagePort | null} */
let playbackPort = null;
let levelToldMs = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let endTimer;

const socket = new GatewaySocket(
  {
    onLink,
    onReady,
    onMessage,
    onAudio: (turn, pcm16) => playbackPort?.postMessage({ type: 'audio', turn, pcm16 }, [pcm16]),
    onTicketRefused: ({ code, message, action }) => tell({ kind: 'ticket_refused', code, message, action }),
    onAudioLost: (lostMs) => tell({ kind: 'audio_lost', lostMs }),
  },
  {
    requestTicket: () => requestTicket(),
    openSocket: (url) => new WebSocket(url, PROTOCOL),
    random: Math.random,
  },
);

const screen = new ScreenWatcher({
  onPicture: sendPicture,
  onSilent: () => tell({ kind: 'wake_track' }),
  onBitmapWanted: () => tell({ kind: 'bitmap_wanted' }),
});

/** @type {import('./socket.js').Listener['onReady']} */
function onReady(ready, isReplaced) {
  if (isReplaced) {
    playbackPort?.postMessage({ type: 'reset' });
    // The new session knows nothing of what is already on.
    if (share.isOn) sendShare(true);
    if (microphone.isOn) sendMicrophone(!microphone.isMuted);
  }
  screen.resend();
  tell({ kind: 'ready', ready, isReplaced });
}

/** @param {import('./messages.js').Message} message */
function onMessage(message) {
  if (message.type === 'interrupted') playbackPort?.postMessage({ type: 'flush', turn: message.turn });
  if (message.type === 'turn_end') playbackPort?.postMessage({ type: 'end', turn: message.turn });
  if (message.type === 'state' && message.state === 'ended') {
    clearTimeout(endTimer);
    hangUp();
  }
  tell({ kind: 'gateway', message });
}

/** @type {import('./socket.js').Listener['onLink']} */
function onLink(state, details) {
  if (state === 'closed') {
    clearTimeout(endTimer);
    stopSharing();
    stopMicrophone();
    if (details.code !== CloseCode.TAKEN_OVER) socket.forget();
  }
  tell({ kind: 'link', state, ...details });
}

/** @param {import('./screen.js').Picture} picture */
function sendPicture({ blob, jpeg, width, height, timeMs }) {
  socket.uplink.sendPicture(jpeg, timeMs, () => {
    tell({ kind: 'picture_sent', blob, width, height, bytes: jpeg.byteLength, timeMs: nowMs() });
  });
}

/** @param {boolean} active */
function sendShare(active) {
  const surface = active && share.surface ? { surface: share.surface } : {};
  socket.uplink.sendControl({ type: 'share', active, ...surface });
}

/** @param {boolean} active */
function sendMicrophone(active) {
  socket.uplink.sendControl({ type: 'microphone', active });
}

/** @param {MessageEvent<ArrayBuffer>} event PCM16 at 16 kHz, 40 ms. */
function onChunk({ data }) {
  if (!microphone.isOn || microphone.isMuted) return;
  const samples = new Int16Array(data);
  const db = levelDb(samples);
  const now = performance.now();
  if (now - levelToldMs >= LEVEL_EVERY_MS) {
    levelToldMs = now;
    tell({ kind: 'level', db });
  }
  const chunk = { pcm16: new Uint8Array(data), timeMs: nowMs() - CHUNK_MS };
  if (microphone.isPushToTalk && !microphone.isTalking) {
    preroll = [...preroll.slice(1 - PREROLL_CHUNKS), chunk];
    return;
  }
  socket.uplink.sendAudio(chunk.pcm16, chunk.timeMs);
  if (!microphone.isPushToTalk) onSpeech(detector.push(db, CHUNK_MS));
}

/** @param {'started' | 'ended' | null} event */
function onSpeech(event) {
  if (!event) return;
  tell({ kind: 'speech', isSpeaking: event === 'started' });
  void screen.look();
}

/** @param {boolean} active The talk key went down or up. */
function talk(active) {
  if (!microphone.isOn || microphone.isTalking === active) return;
  microphone.isTalking = active;
  socket.uplink.sendControl({ type: 'talk', active });
  if (active) for (const { pcm16, timeMs } of preroll) socket.uplink.sendAudio(pcm16, timeMs);
  preroll = [];
  onSpeech(active ? 'started' : 'ended');
}

/** @param {string} text */
async function ask(text) {
  const limit = new Promise((resolve) => setTimeout(resolve, LOOK_LIMIT_MS));
  await Promise.race([screen.look(), limit]);
  socket.uplink.sendControl({ type: 'text', text, ...(share.isOn ? { picture: true } : {}) });
}

/** @param {{ turn: number, playedMs: number, type: string, isPlaying: boolean }} report */
function onPlayback({ type, turn, playedMs, isPlaying }) {
  if (type === 'played') socket.uplink.sendControl({ type: 'played', turn, played_ms: Math.round(playedMs) });
  else tell({ kind: 'playing', turn, isPlaying });
}

function stopSharing() {
  if (!share.isOn) return;
  share.isOn = false;
  screen.stop();
  socket.uplink.dropPicture();
  sendShare(false);
}

function stopMicrophone() {
  if (!microphone.isOn) return;
  talk(false);
  microphone.isOn = false;
  capturePort?.close();
  capturePort = null;
  onSpeech(detector.stop());
  sendMicrophone(false);
}

/** The conversation is over: stop what is on and forget what belongs to it alone. */
function hangUp() {
  stopSharing();
  stopMicrophone();
  socket.close();
  socket.forget();
}

function end() {
  stopSharing();
  stopMicrophone();
  playbackPort?.postMessage({ type: 'reset' });
  const giveUp = () => {
    hangUp();
    tell({ kind: 'link', state: 'closed', code: CloseCode.NORMAL, reason: '' });
  };
  if (!socket.isReady) {
    giveUp();
    return;
  }
  socket.uplink.sendControl({ type: 'end' });
  endTimer = setTimeout(giveUp, END_LIMIT_MS);
}

/** What the page may ask for, by `kind`. @type {Record<string, (data: any) => void>} */
const commands = {
  open({ options, session }) {
    // The end of the one before need not be confirmed for the next to begin.
    clearTimeout(endTimer);
    if (socket.socket && !session) hangUp();
    microphone.isPushToTalk = options.turn_taking === 'push_to_talk';
    socket.open(options, session);
  },
  reopen: () => socket.open(socket.options, socket.session),
  end,
  ask: ({ text }) => void ask(text),
  talk: ({ active }) => talk(active),
  look: () => void screen.look(),
  online: () => socket.retryNow(),
  microphone({ port }) {
    capturePort?.close();
    capturePort = port;
    port.onmessage = onChunk;
    if (!microphone.isOn) sendMicrophone(true);
    microphone.isOn = true;
    microphone.isMuted = false;
  },
  microphone_off: () => stopMicrophone(),
  mute({ isMuted }) {
    if (!microphone.isOn || microphone.isMuted === isMuted) return;
    if (isMuted) talk(false);
    microphone.isMuted = isMuted;
    onSpeech(detector.stop());
    sendMicrophone(!isMuted);
  },
  playback({ port }) {
    playbackPort = port;
    port.onmessage = (/** @type {MessageEvent} */ event) => onPlayback(event.data);
  },
  hush: ({ turn }) => playbackPort?.postMessage({ type: 'flush', turn }),
  share({ frames, surface }) {
    share.isOn = true;
    share.surface = surface;
    socket.uplink.dropPicture();
    screen.start(frames ?? null);
    sendShare(true);
  },
  bitmap: ({ bitmap }) => screen.takeBitmap(bitmap),
  calm: ({ isCalm }) => {
    screen.pace.isCalm = isCalm;
  },
  share_off: () => stopSharing(),
};

page.onmessage = ({ data }) => commands[data.kind]?.(data);
