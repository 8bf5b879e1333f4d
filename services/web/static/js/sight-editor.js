/**
 * Choose what of the share is seen: parts that are hidden, or the only part that is shown.
 *
 * It is chosen over the live picture of the share itself, which stays in this page: what is to be
 * hidden need not have been sent before.
 */

import { byRole, make, write } from './dom.js';

/** @typedef {import('./actions.js').Actions} Actions */
/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {{ x: number, y: number }} Point In fractions of the share. */
/** @typedef {'mask' | 'region'} Kind */
/** @typedef {(start: Rect, by: Point) => Rect} Change */

/** Smaller than this is a click that slipped. Fraction of the share. */
const LEAST = 0.01;
/** What an arrow key moves. */
const STEP = 0.01;
/** A new box for those who do not draw it. */
const NEW_BOX = Object.freeze({ x: 0.35, y: 0.4, width: 0.3, height: 0.2 });
/** The corner of a box that changes its size. */
const CORNER_PX = 18;

/** @type {Record<string, Point>} */
const ARROWS = {
  ArrowLeft: { x: -STEP, y: 0 }, ArrowRight: { x: STEP, y: 0 },
  ArrowUp: { x: 0, y: -STEP }, ArrowDown: { x: 0, y: STEP },
};

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** @type {Change} */
const moved = (start, by) => ({
  ...start, x: clamp(start.x + by.x, 0, 1 - start.width), y: clamp(start.y + by.y, 0, 1 - start.height),
});

/** @type {Change} */
const resized = (start, by) => ({
  ...start,
  width: clamp(start.width + by.x, LEAST, 1 - start.x),
  height: clamp(start.height + by.y, LEAST, 1 - start.y),
});

/** @param {Point} a @param {Point} b @returns {Rect} */
const between = (a, b) => ({
  x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y),
});

export class SightEditor {
  #actions;
  #dialog = /** @type {HTMLDialogElement} */ (byRole('sight'));
  #stage = byRole('sight-stage');
  #video = /** @type {HTMLVideoElement} */ (byRole('sight-video'));
  #boxes = byRole('sight-boxes');
  #list = byRole('sight-list');
  #hidesOwn = /** @type {HTMLInputElement} */ (byRole('sight-own'));
  /** @type {{ kind: Kind, index: number, rect: Rect } | null} What is being drawn or moved. */
  #draft = null;

  /** @param {Actions} actions */
  constructor(actions) {
    this.#actions = actions;
    this.#video.onresize = () => this.#fit();
    this.#stage.addEventListener('pointerdown', (event) => this.#onPointer(event));
    this.#boxes.addEventListener('keydown', (event) => this.#onKey(event));
    this.#list.addEventListener('click', ({ target }) => this.#onRemove(target));
    for (const kind of /** @type {const} */ (['mask', 'region'])) {
      byRole(`sight-add-${kind}`).addEventListener('click', () => this.#add(kind));
    }
    this.#hidesOwn.addEventListener('change', () => this.#see({ hidesOwn: this.#hidesOwn.checked }));
    this.#dialog.addEventListener('close', () => {
      this.#video.srcObject = null;
    });
    actions.store.addEventListener('change', () => {
      if (!this.#dialog.open) return;
      if (actions.share) this.#draw();
      else this.#dialog.close();
    });
  }

  get #sight() {
    return this.#actions.state.sight;
  }

  open() {
    if (!this.#actions.share) return;
    // A copy of its own: what stops here must not stop the share.
    this.#video.srcObject = this.#actions.share.stream;
    this.#dialog.showModal();
    void this.#video.play().catch(() => undefined);
    this.#draw();
  }

  /** The stage has the shape of the share, so that a place on one is a place on the other. */
  #fit() {
    const { videoWidth, videoHeight } = this.#video;
    if (videoWidth > 0) this.#stage.style.setProperty('--shape', String(videoWidth / videoHeight));
  }

  /** @param {Partial<import('./state.js').Sight>} change */
  #see(change) {
    this.#actions.shareActions.see(change);
  }

  /** @param {Kind} kind @param {number} index @param {Rect | null} rect `null` removes it. */
  #set(kind, index, rect) {
    if (kind === 'region') this.#see({ region: rect });
    else this.#see({ masks: this.#sight.masks.toSpliced(index, 1, ...(rect ? [rect] : [])) });
  }

  /** @param {Kind} kind */
  #add(kind) {
    this.#set(kind, this.#sight.masks.length, NEW_BOX);
    this.#draw();
    /** @type {HTMLElement | null} */ (
      kind === 'region' ? this.#boxes.querySelector('.sight-region') : [...this.#boxes.querySelectorAll('.sight-mask')].at(-1)
    )?.focus();
  }

  /** @returns {Kind} What dragging over the picture draws. */
  get #drawn() {
    return /** @type {HTMLInputElement} */ (byRole('sight-draw-region')).checked ? 'region' : 'mask';
  }

  /** @param {PointerEvent} event */
  #onPointer(event) {
    if (event.button !== 0) return;
    const on = /** @type {HTMLElement} */ (event.target).closest('.sight-box');
    event.preventDefault();
    this.#stage.setPointerCapture(event.pointerId);
    const start = this.#place(event);
    if (on instanceof HTMLElement) this.#grab(on, event, start);
    else {
      const kind = this.#drawn;
      this.#drag(kind, this.#sight.masks.length, (now) => between(start, now));
    }
  }

  /** @param {HTMLElement} box @param {PointerEvent} event @param {Point} start */
  #grab(box, event, start) {
    box.focus();
    const { right, bottom } = box.getBoundingClientRect();
    const isCorner = right - event.clientX < CORNER_PX && bottom - event.clientY < CORNER_PX;
    const { kind, index, rect } = this.#boxOf(box);
    const change = isCorner ? resized : moved;
    this.#drag(kind, index, (now) => change(rect, { x: now.x - start.x, y: now.y - start.y }));
  }

  /** @param {Kind} kind @param {number} index @param {(now: Point) => Rect} rectAt */
  #drag(kind, index, rectAt) {
    this.#stage.onpointermove = (event) => {
      this.#draft = { kind, index, rect: rectAt(this.#place(event)) };
      this.#draw();
    };
    const finish = () => {
      this.#stage.onpointermove = null;
      const draft = this.#draft;
      this.#draft = null;
      if (draft && draft.rect.width >= LEAST && draft.rect.height >= LEAST) this.#set(kind, index, draft.rect);
      this.#draw();
    };
    this.#stage.onpointerup = finish;
    this.#stage.onpointercancel = finish;
  }

  /** @param {PointerEvent} event @returns {Point} */
  #place({ clientX, clientY }) {
    const { left, top, width, height } = this.#stage.getBoundingClientRect();
    return { x: clamp((clientX - left) / width, 0, 1), y: clamp((clientY - top) / height, 0, 1) };
  }

  /** @param {HTMLElement} box @returns {{ kind: Kind, index: number, rect: Rect }} */
  #boxOf({ dataset }) {
    const index = Number(dataset.index);
    if (dataset.kind === 'region') return { kind: 'region', index, rect: this.#sight.region ?? NEW_BOX };
    return { kind: 'mask', index, rect: this.#sight.masks[index] };
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!(event.target instanceof HTMLElement) || !event.target.matches('.sight-box')) return;
    const { kind, index, rect } = this.#boxOf(event.target);
    const by = ARROWS[event.key];
    const isRemoved = event.key === 'Delete' || event.key === 'Backspace';
    if (!by && !isRemoved) return;
    event.preventDefault();
    this.#set(kind, index, isRemoved ? null : (event.shiftKey ? resized : moved)(rect, by));
    this.#draw();
    if (isRemoved) byRole(`sight-add-${kind}`).focus();
  }

  /** @param {EventTarget | null} target */
  #onRemove(target) {
    const button = target instanceof Element ? target.closest('button') : null;
    if (!button) return;
    this.#set(/** @type {Kind} */ (button.dataset.kind), Number(button.dataset.index), null);
    this.#draw();
    byRole(`sight-add-${button.dataset.kind}`).focus();
  }

  #draw() {
    const { region, masks, hidesOwn } = this.#sight;
    const found = masks.map((rect, index) => ({ kind: /** @type {Kind} */ ('mask'), index, rect }));
    const all = [...(region ? [{ kind: /** @type {Kind} */ ('region'), index: 0, rect: region }] : []), ...found];
    const draft = this.#draft;
    const others = all.filter(({ kind, index }) => !draft || kind !== draft.kind || (kind === 'mask' && index !== draft.index));
    this.#drawBoxes(draft ? [...others, draft] : all);
    this.#drawList(all);
    this.#hidesOwn.checked = hidesOwn;
    byRole('sight-own-row').hidden = this.#actions.state.share.surface !== 'monitor';
  }

  /** @param {{ kind: Kind, index: number, rect: Rect }[]} boxes Elements stay, so that the focus does. */
  #drawBoxes(boxes) {
    while (this.#boxes.children.length > boxes.length) this.#boxes.lastElementChild?.remove();
    boxes.forEach(({ kind, index, rect }, i) => {
      const element = /** @type {HTMLElement} */ (this.#boxes.children[i] ?? this.#boxes.appendChild(make('button', '')));
      element.setAttribute('type', 'button');
      element.className = `sight-box sight-${kind}`;
      element.dataset.kind = kind;
      element.dataset.index = String(index);
      element.setAttribute('aria-label', kind === 'region' ? 'The part that is shared' : `Hidden part ${index + 1}`);
      element.setAttribute('aria-describedby', 'sight-keys');
      for (const side of /** @type {const} */ (['x', 'y', 'width', 'height'])) {
        element.style.setProperty(`--${side}`, `${(100 * rect[side]).toFixed(2)}%`);
      }
    });
  }

  /** @param {{ kind: Kind, index: number, rect: Rect }[]} boxes */
  #drawList(boxes) {
    const names = boxes.map(({ kind, index }) => (kind === 'region' ? 'Only a part is shared' : `Hidden part ${index + 1}`));
    if ([...this.#list.children].map((item) => item.firstElementChild?.textContent).join() === names.join()) return;
    this.#list.replaceChildren(...boxes.map(({ kind, index }, i) => {
      const item = make('li', '');
      const label = kind === 'region' ? 'Share all of it' : 'Remove';
      const button = make('button', 'link', label);
      button.type = 'button';
      button.dataset.kind = kind;
      button.dataset.index = String(index);
      if (kind === 'mask') button.setAttribute('aria-label', `Remove hidden part ${index + 1}`);
      item.append(make('span', '', names[i]), button);
      return item;
    }));
    write(byRole('sight-announce'), names.length === 0 ? 'Everything is seen.' : `${names.join('. ')}.`);
  }
}
