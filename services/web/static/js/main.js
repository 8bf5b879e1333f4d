/** Finds the elements and wires the modules together. */

import { Actions } from './actions.js';
import { checkIn } from './check-in.js';
import { byRole } from './dom.js';
import { canShareScreen, hasCamera } from './devices.js';
import { EventLog } from './event-log.js';
import { listen } from './inbox.js';
import { listenToKeys } from './keyboard.js';
import { openersOf } from './parts.js';
import { tellMachine } from './presence.js';
import { Store } from './state.js';
import { readSession, readSettings } from './storage.js';
import { View } from './view.js';
import { ZoomView } from './view-zoom.js';

const store = new Store(readSettings());
const worker = new Worker(new URL('./media-worker.js', import.meta.url), { type: 'module' });
const actions = new Actions(store, (kind, data = {}, transfer = []) => {
  worker.postMessage({ kind, ...data }, transfer);
});
const log = new EventLog();
const view = new View();
const zoom = new ZoomView(store);
const photo = /** @type {HTMLInputElement} */ (byRole('photo-file'));
const composer = /** @type {HTMLTextAreaElement} */ (document.getElementById('composer-text'));

/** @param {string} role */
const openDialog = (role) => /** @type {HTMLDialogElement} */ (byRole(role)).showModal();

/** Send what is in the question field; it stays there if there is no conversation to take it. */
function sendQuestion() {
  if (!actions.ask(composer.value)) return;
  composer.value = '';
  view.conversation.follow();
}

/** The other of light and dark than what is seen now. */
function switchTheme() {
  const { theme } = store.state.settings;
  const isDark = theme === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
  actions.changeSettings({ theme: isDark ? 'light' : 'dark' });
}

/** @param {import('./actions.js').Mode} mode */
async function start(mode) {
  await actions.start(mode);
  if (mode === 'type' && store.state.phase === 'live') composer.focus();
}

/** What the buttons do, by their `data-action`. @type {Record<string, (button: HTMLElement) => void>} */
const buttons = {
  'start-screen': () => void start('screen'),
  'start-camera': () => void start('camera'),
  'start-talk': () => void start('talk'),
  'start-type': () => void start('type'),
  photo: () => photo.click(),
  cancel: () => actions.cancel(),
  share: () => actions.toggleSharing(),
  switch: () => void actions.shareScreen(),
  microphone: () => void (store.state.phase === 'live' ? actions.hearing.turnOn() : start('talk')),
  mute: () => actions.toggleMute(),
  hush: () => actions.hush(),
  'test-sound': () => void actions.speaker.test(),
  'tab-sound': () => actions.hearing.mixTabSound(store.state.tabSound !== 'on'),
  end: () => actions.end(),
  again: () => actions.again(),
  continue: () => actions.takeBack(),
  suggest: (button) => void actions.ask(button.textContent ?? ''),
  latest: () => view.conversation.follow(),
  dismiss: (button) => store.dropProblem(button.dataset.key ?? ''),
  'check-in': () => void checkIn(store),
  theme: switchTheme,
  keys: () => openDialog('keys'),
  zoom: (button) => zoom.open(Number(button.dataset.number ?? 0)),
  earlier: () => zoom.step(-1),
  later: () => zoom.step(1),
  look: () => actions.shareActions.lookNow(),
  pause: () => actions.shareActions.togglePause(),
  ...openersOf(actions, log, press),
};

/** @param {HTMLElement} button */
function press(button) {
  buttons[button.dataset.action ?? '']?.(button);
}

/** Before the first click or key a browser plays nothing; a resumed conversation waits for it. */
function onGesture() {
  if (store.state.phase === 'live') actions.startSpeaker();
}

function listenToButtons() {
  document.addEventListener('click', ({ target }) => {
    if (!(target instanceof Element)) return;
    if (target instanceof HTMLDialogElement) target.close();
    const button = target.closest('[data-action]');
    if (button instanceof HTMLElement) press(button);
  });
  document.addEventListener('pointerdown', onGesture);
  document.addEventListener('keydown', onGesture);
}

function listenToForms() {
  composer.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    sendQuestion();
  });
  byRole('composer').addEventListener('submit', (event) => {
    event.preventDefault();
    sendQuestion();
  });
  photo.addEventListener('change', () => {
    const [file] = photo.files ?? [];
    if (file) void actions.showPhoto(file);
    photo.value = '';
  });
  byRole('access').addEventListener('submit', (event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (document.getElementById('access-code'));
    void checkIn(store, field.value);
    field.value = '';
  });
}

function listenToHold() {
  const hold = byRole('hold');
  hold.addEventListener('pointerdown', (event) => {
    hold.setPointerCapture(event.pointerId);
    actions.talk(true);
  });
  for (const type of ['pointerup', 'pointercancel', 'lostpointercapture']) {
    hold.addEventListener(type, () => actions.talk(false));
  }
  hold.addEventListener('keydown', (event) => {
    if ((event.key === ' ' || event.key === 'Enter') && !event.repeat) actions.talk(true);
  });
  hold.addEventListener('keyup', () => actions.talk(false));
}

function listenToBrowser() {
  const onNetwork = () => {
    store.update({ isOnline: navigator.onLine });
    if (navigator.onLine) actions.post('online');
  };
  window.addEventListener('online', onNetwork);
  window.addEventListener('offline', onNetwork);
  document.addEventListener('visibilitychange', () => actions.shareActions.own.look());
}

/** Where no screen can be shared, as on phones, a camera is offered if there is one. */
async function offerCamera() {
  const isOffered = !canShareScreen() && (await hasCamera());
  for (const button of document.querySelectorAll('[data-action="start-camera"]')) {
    /** @type {HTMLElement} */ (button).hidden = !isOffered;
  }
}

async function begin() {
  store.addEventListener('change', () => view.draw(store.state));
  listen(actions, worker, log, (side, db) => view.sound.level(side, db));
  tellMachine(actions);
  listenToButtons();
  listenToForms();
  listenToHold();
  listenToBrowser();
  listenToKeys(actions, {
    keys: () => openDialog('keys'), compose: () => composer.focus(), find: buttons.find,
    panel: buttons.panel, details: buttons.details,
  });
  store.update({ isOnline: navigator.onLine });
  void offerCamera();
  const session = readSession();
  if (session) actions.resume(session);
  await checkIn(store);
}

void begin();
