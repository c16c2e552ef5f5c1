// The text as readers will see it, beside it: a frame with the theme, in which no script runs. A pause of typing asks the server,
// and only what differs is put into the frame, so that pictures and the place stay.

import { area } from "./surface.js";
import { follow } from "./scrolling.js";

const PAUSE_MS = 250;
const form = document.querySelector("form[data-editor]");
const pane = form.querySelector("[data-preview-pane]");
const frame = pane.querySelector("iframe");
const note = pane.querySelector("[data-preview-note]");
const scroll = follow(frame);
let pause;
let running = null;
let ready = null; // the frame has the theme
let part = null; // how far down the text was read

form.addEventListener("input", () => {
  if (pane.hidden) return;
  clearTimeout(pause);
  pause = setTimeout(update, PAUSE_MS);
});

export function close() {
  running?.abort();
  area.focus({ preventScroll: true });
}

// `read` is how far down the text was read, where the preview takes its place.
export function open(read) {
  part = read;
  if (part !== null) pane.scrollIntoView();
  ready ??= new Promise((loaded) => {
    frame.addEventListener("load", loaded, { once: true });
    frame.src = frame.dataset.src;
  }).then(() => {
    // Links would lead the frame away; those within the text still work.
    frame.contentDocument.addEventListener("click", (event) => {
      const link = event.target.closest?.("a");
      if (link && !link.getAttribute("href")?.startsWith("#")) event.preventDefault();
    });
    scroll.attach();
  });
  update();
}

async function update() {
  running?.abort();
  const asked = (running = new AbortController());
  try {
    const body = new URLSearchParams(new FormData(form));
    const options = { method: "POST", body, headers: { Accept: "application/json" }, signal: asked.signal };
    const [answer] = await Promise.all([fetch(frame.dataset.update, options), ready]);
    if (!answer.ok || answer.redirected) throw new Error(answer.redirected ? "you are signed out" : `it answered ${answer.status}`);
    const { html, lines, faults } = await answer.json();
    if (asked.signal.aborted) return;
    const fresh = new DOMParser().parseFromString(html, "text/html");
    patch(frame.contentDocument.querySelector("main"), fresh.querySelector("main"));
    scroll.measure(lines, part);
    part = null;
    say(faults.join(" "));
  } catch (error) {
    if (error.name !== "AbortError") say(`This is an older text: the server does not show the new one (${error.message}).`);
  }
}

function say(words) {
  note.hidden = !words;
  note.textContent = words;
}

// Equal nodes at both ends stay; one that differs within is gone into; the rest is replaced.
function patch(now, next) {
  const [old, fresh] = [[...now.childNodes], [...next.childNodes]];
  let first = 0;
  while (first < Math.min(old.length, fresh.length) && old[first].isEqualNode(fresh[first])) first += 1;
  let last = 0;
  const most = Math.min(old.length, fresh.length) - first;
  while (last < most && old.at(-1 - last).isEqualNode(fresh.at(-1 - last))) last += 1;
  const out = old.slice(first, old.length - last);
  const into = fresh.slice(first, fresh.length - last);
  // A paragraph that was typed in, and the places that hold it.
  if (out.length === into.length && out.every((each, index) => alike(each, into[index]))) {
    out.forEach((each, index) => patch(each, into[index]));
    return;
  }
  const before = old[old.length - last] ?? null;
  for (const each of out) each.remove();
  for (const each of into) now.insertBefore(now.ownerDocument.importNode(each, true), before);
}

function alike(one, other) {
  return one.nodeType === 1 && other.nodeType === 1 && one.localName !== "picture" && one.cloneNode(false).isEqualNode(other.cloneNode(false));
}
