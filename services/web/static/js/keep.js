/** The conversation to take along: on the clipboard, as Markdown, as a web page with its pictures. */

import { NAMES } from './conversation.js';
import { makeButton, makeDialog } from './dialog.js';
import { make } from './dom.js';
import { download, stamp } from './download.js';
import { drawLink, drawWords } from './view-words.js';

/** @typedef {import('./conversation.js').Line} Line */

const STYLE = `body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.55 system-ui,sans-serif}
h2{margin:1.6em 0 .3em;font-size:1rem}img{max-width:100%;border:1px solid #ccc}
pre{padding:.6em;background:#f3f3f0;overflow:auto}td,th{padding:.2em .8em;border:1px solid #ccc}`;

/** @param {Line} line @returns {string} */
const headOf = ({ role, timeMs }) => `${NAMES[role]}${timeMs ? ` · ${new Date(timeMs).toLocaleString()}` : ''}`;

/** @param {readonly Line[]} lines @returns {string} */
export function asMarkdown(lines) {
  return lines.map((line) => {
    const text = line.text.trim() || '…';
    // What somebody said is no Markdown, whatever it looks like.
    const words = line.role === 'user' ? text.replace(/^|\n/g, (start) => `${start}> `) : text;
    const basis = line.picture ? `\n\n_From frame ${line.picture.number}._` : '';
    const cut = line.isCut ? '\n\n_Stopped here._' : '';
    const sources = line.sources.map(({ title, url }) => `\n- [${title.replaceAll(']', ')')}](${url})`).join('');
    return `## ${headOf(line)}\n\n${words}${cut}${basis}${sources ? `\n${sources}` : ''}\n`;
  }).join('\n');
}

/** @param {Blob} blob @returns {Promise<string>} */
function asDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** @param {Document} page @param {Line} line */
async function addLine(page, line) {
  page.body.append(make('h2', '', headOf(line)));
  const words = make('div', '');
  if (line.role === 'assistant') drawWords(words, line.text);
  else words.append(make('p', '', line.text.trim()));
  page.body.append(words);
  if (line.isCut) page.body.append(make('p', '', 'Stopped here.'));
  if (line.picture) {
    const image = make('img', '');
    image.alt = `Frame ${line.picture.number}, which this answer is based on`;
    image.src = await asDataUrl(line.picture.blob);
    page.body.append(image);
  }
  if (line.sources.length === 0) return;
  const list = make('ul', '');
  for (const { title, url } of line.sources) {
    const item = make('li', '');
    item.append(drawLink(title, url));
    list.append(item);
  }
  page.body.append(list);
}

/** @param {readonly Line[]} lines @returns {Promise<string>} A page that needs nothing besides itself. */
async function asHtml(lines) {
  // Built from elements and written out, so that no text can become markup.
  const page = document.implementation.createHTMLDocument('A conversation with Overshoulder');
  const charset = page.createElement('meta');
  charset.setAttribute('charset', 'utf-8');
  page.head.prepend(charset);
  page.body.append(make('h1', '', 'A conversation with Overshoulder'));
  for (const line of lines) await addLine(page, line);
  // As text, and last: this page's own policy would stop an element of style even there.
  const style = `<style>${STYLE}</style></head>`;
  return `<!doctype html>\n${page.documentElement.outerHTML.replace('</head>', style)}`;
}

export class Keep {
  #store;
  #dialog;

  /** @param {import('./state.js').Store} store @param {() => void} forget */
  constructor(store, forget) {
    this.#store = store;
    const { dialog, body } = makeDialog('sheet', 'keep', 'Keep this conversation');
    this.#dialog = dialog;
    const said = make('p', 'field-hint');
    said.setAttribute('role', 'status');
    body.append(
      makeButton('Copy as text', () => void this.#copy(said)),
      makeButton('Save as Markdown', () => this.#save('md', 'text/markdown', asMarkdown(this.#lines))),
      makeButton('Save as a web page, with pictures', () => void this.#saveHtml()),
      said,
      makeButton('Forget this conversation', () => {
        dialog.close();
        forget();
      }, 'quiet danger'),
      make('p', 'field-hint', 'Forgetting ends it, deletes it from the server, and clears this page.'),
    );
    dialog.addEventListener('close', () => said.replaceChildren());
  }

  get #lines() {
    return this.#store.state.lines;
  }

  open() {
    this.#dialog.showModal();
  }

  /** @param {HTMLElement} said Where to tell how it went. */
  async #copy(said) {
    try {
      await navigator.clipboard.writeText(asMarkdown(this.#lines));
      said.textContent = 'Copied.';
    } catch {
      said.textContent = 'The browser does not let this page copy. Save it instead.';
    }
  }

  /** @param {string} ending @param {string} type @param {string} content */
  #save(ending, type, content) {
    download(`overshoulder-${stamp(Date.now())}.${ending}`, type, content);
  }

  async #saveHtml() {
    this.#save('html', 'text/html', await asHtml(this.#lines));
  }
}
