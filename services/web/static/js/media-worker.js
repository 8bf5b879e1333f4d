/**
 * The worker: socket, pictures, microphone, playback and every clock. Nothing of the media path
 * runs on the page's own thread, whose timers stop as soon as the shared window covers it.
 *
 * Talks to the page by messages `{ kind, … }`, to the audio worklets by ports of their own.
 */

import { CloseCode } from './close-codes.js';
import { Loudspeaker } from './loudspeaker.js';
import { PROTOCOL } from './messages.js';
import { Metrics } from './metrics.js';
import { GatewaySocket, nowMs } from './socket.js';
import { ScreenWatcher } from './screen.js';
import { requestTicket } from './tickets.js';
import { callTool } from './tools.js';
import { Voice } from './voice.js';

/** A question does not wait longer than this for its picture. */
const LOOK_LIMIT_MS = 2_000;
/** How long to wait for the gateway to confirm the end. */
const END_LIMIT_MS = 1_500;
const FIGURES_EVERY_MS = 1_000;

const page = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** @param {{ kind: string, [field: string]: unknown }} message @param {Transferable[]} [transfer] */
const tell = (message, transfer = []) => page.postMessage(message, transfer);

const share = { isOn: false, isPaused: false, surface: '' };
/** Numbers of pictures that the page has been told of. */
const shown = new Set();
let metrics = new Metrics();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let endTimer;

const socket = new GatewaySocket(
  {
    onLink,
    onReady,
    onMessage,
    onAudio: (turn, pcm16) => loudspeaker.play(turn, pcm16),
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
  nextNumber: () => socket.uplink.nextPictureNumber(),
  hasRoom: () => socket.uplink.hasRoom,
  onPicture: sendPicture,
  onSilent: () => tell({ kind: 'wake_track' }),
  onMarkGone: () => tell({ kind: 'mark', mark: null }),
  onBitmapWanted: () => tell({ kind: 'bitmap_wanted' }),
});

const voice = new Voice({
  onChunk: ({ pcm16, timeMs }) => socket.uplink.sendAudio(pcm16, timeMs),
  onControl: (message) => socket.uplink.sendControl(message),
  onSpeech,
  onLevel: (db) => tell({ kind: 'level', side: 'user', db }),
});

const loudspeaker = new Loudspeaker({
  onPlayed: (turn, playedMs) =>
    socket.uplink.sendControl({ type: 'played', turn, played_ms: Math.round(playedMs) }),
  onPlaying(turn, isPlaying) {
    if (isPlaying) metrics.onSound(nowMs());
    tell({ kind: 'playing', turn, isPlaying });
  },
  onSound: (db) => voice.onPlayed(db),
  onLevel: (db) => tell({ kind: 'level', side: 'assistant', db }),
  onPosition: (turn, playedMs) => tell({ kind: 'position', turn, playedMs }),
});

/** @type {import('./socket.js').Listener['onReady']} */
function onReady(ready, isReplaced) {
  if (isReplaced) {
    loudspeaker.reset();
    // The new session knows nothing of what is already on.
    if (share.isOn) sendShare(true);
    voice.repeatActive();
  }
  screen.sender.resend();
  tell({ kind: 'ready', ready, isReplaced });
}

/** @param {import('./messages.js').Message} message */
function onMessage(message) {
  if (message.type === 'pong') metrics.pingMs = nowMs() - Number(message.time_ms);
  if (message.type === 'interrupted') loudspeaker.flush(Number(message.turn));
  if (message.type === 'tool') void onTool(message);
  if (message.type === 'tool_cancelled') screen.unpoint(String(message.call));
  if (message.type === 'turn_start' || message.type === 'turn_end') screen.pace.onTalk(nowMs());
  if (message.type === 'turn_end') loudspeaker.finish(Number(message.turn));
  if (message.type === 'state' && message.state === 'ended') {
    clearTimeout(endTimer);
    voice.close();
    hangUp();
  }
  const isSpoken = message.type === 'transcript' && message.role === 'assistant';
  tell({ kind: 'gateway', message, ...(isSpoken ? { placeMs: loudspeaker.placeOf(Number(message.turn)) } : {}) });
}

/** @type {import('./socket.js').Listener['onLink']} */
function onLink(state, details) {
  if (state === 'closed') {
    clearTimeout(endTimer);
    stopSharing();
    voice.close();
    if (details.code !== CloseCode.TAKEN_OVER) socket.forget();
  }
  tell({ kind: 'link', state, ...details });
}

/** @param {import('./pictures.js').Picture} picture */
function sendPicture(picture) {
  if (!socket.uplink.sendPicture(picture) || shown.has(picture.number)) return;
  shown.add(picture.number);
  metrics.framesSent += picture.overview > 0 ? 0 : 1;
  const { jpeg, ...rest } = picture;
  tell({ kind: 'picture_sent', picture: { ...rest, bytes: jpeg.byteLength, sentMs: nowMs() } });
}

/** @param {import('./messages.js').Message} message Of the type `tool`. */
async function onTool(message) {
  const result = await callTool(screen, message, (mark) => tell({ kind: 'mark', mark }));
  socket.uplink.sendControl(result);
}

/** @param {boolean} active */
function sendShare(active) {
  const surface = active && share.surface ? { surface: share.surface } : {};
  const paused = active && share.isPaused ? { paused: true } : {};
  socket.uplink.sendControl({ type: 'share', active, ...surface, ...paused });
}

/** @param {boolean} isSpeaking */
function onSpeech(isSpeaking) {
  tell({ kind: 'speech', isSpeaking });
  screen.isAsked = isSpeaking;
  if (!isSpeaking) metrics.onAsked(nowMs());
  void screen.look();
}

/** @param {string} text */
async function ask(text) {
  const limit = new Promise((resolve) => setTimeout(resolve, LOOK_LIMIT_MS));
  await Promise.race([screen.look({ isSudden: true }), limit]);
  metrics.onAsked(nowMs());
  socket.uplink.sendControl({ type: 'text', text, ...(share.isOn ? { picture: true } : {}) });
}

function stopSharing() {
  if (!share.isOn) return;
  share.isOn = false;
  share.isPaused = false;
  screen.stop();
  sendShare(false);
}

/**
 * The conversation is over: forget what belongs to it alone. The microphone may be on already for
 * the next one.
 */
function hangUp() {
  stopSharing();
  socket.close();
  socket.forget();
  shown.clear();
}

function end() {
  stopSharing();
  voice.close();
  loudspeaker.reset();
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
    metrics = new Metrics();
    screen.framesSeen = 0;
    socket.open(options, session);
    voice.open(options.turn_taking === 'push_to_talk');
  },
  reopen() {
    socket.open(socket.options, socket.session);
    voice.open(socket.options.turn_taking === 'push_to_talk');
  },
  end,
  ask: ({ text }) => void ask(text),
  talk: ({ active }) => voice.talk(active),
  look: () => void screen.look({ isWanted: true, isSudden: true }),
  online: () => socket.retryNow(),
  microphone: ({ port }) => voice.turnOn(port),
  microphone_off: () => voice.turnOff(),
  mute: ({ isMuted }) => voice.mute(isMuted),
  tab_sound: ({ isOn }) => voice.mixTabSound(isOn),
  sound({ isOn }) {
    voice.isSoundOn = isOn;
  },
  playback: ({ port }) => loudspeaker.attach(port),
  hush: ({ turn }) => loudspeaker.flush(turn),
  stop: ({ turn }) => socket.uplink.sendControl({ type: 'stop', turn }),
  share({ frames, surface, sight }) {
    share.isOn = true;
    share.isPaused = false;
    share.surface = surface;
    screen.start(frames ?? null, sight);
    sendShare(true);
  },
  pause({ isPaused }) {
    if (!share.isOn || share.isPaused === isPaused) return;
    share.isPaused = isPaused;
    screen.pause(isPaused);
    sendShare(true);
  },
  sight: ({ sight }) => screen.see(sight),
  detail: ({ detail }) => screen.setDetail(detail),
  bitmap: ({ bitmap }) => screen.takeBitmap(bitmap),
  calm: ({ isCalm }) => {
    screen.pace.isCalm = isCalm;
  },
  share_off: () => stopSharing(),
};

setInterval(() => {
  if (!socket.isReady) return;
  tell({ kind: 'figures', figures: metrics.figures(socket.uplink.sentBytes, screen.framesSeen) });
}, FIGURES_EVERY_MS);

page.onmessage = ({ data }) => commands[data.kind]?.(data);
