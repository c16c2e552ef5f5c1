// The editor never loses a sentence: each pause is kept in this browser at once, whatever the network does.
// Saving itself is the form's own hx-put; without this file, and without any script, "Save draft" still works.

const form = document.querySelector("form[data-editor]");
const fields = ["title", "slug", "summary", "tags", "body_markdown", "cover_id", "publish_at"];
const key = `sdc-draft-${form.dataset.editor}`;
const PAUSE_MS = 400;
const RETRY_MS = 5000;

let dirty = false; // something typed since the last save that the server confirmed
let edits = 0; // counts inputs, so that a reply can tell whether it covers the newest
let sending = null; // the count that the running save carries
let waiting = null; // a submit button pressed during a save
let leaving = false;
let pause;
let retry;

const texts = () => Object.fromEntries(fields.map((name) => [name, form.elements[name]?.value ?? ""]));
const same = (a, b) => fields.every((name) => (a[name] ?? "").replaceAll("\r\n", "\n") === b[name].replaceAll("\r\n", "\n"));

function show() {
  const line = form.querySelector(".save-status");
  line.querySelector("[data-unsaved]").hidden = !dirty;
  const saved = line.querySelector("[data-saved]");
  if (saved) saved.hidden = dirty;
}

// Storage may be full or refused (private windows): then the server's autosave is what is left.
function keep() {
  try {
    localStorage.setItem(key, JSON.stringify({ at: Date.now(), base: form.elements.base_revision.value, texts: texts() }));
  } catch { /* nothing to do and nothing lost yet */ }
}
function forget() {
  try { localStorage.removeItem(key); } catch { /* as above */ }
}
function kept() {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
}

form.addEventListener("input", () => {
  edits += 1;
  dirty = true;
  show();
  clearTimeout(pause);
  pause = setTimeout(keep, PAUSE_MS);
});

// A queued save was filled in, and aimed, before the one it waited for: give it the newest text, the newest base revision
// and the status line that stands in the page now.
form.addEventListener("htmx:before:request", (event) => {
  if (event.target !== form) return;
  const { ctx } = event.detail;
  const { body } = ctx.request;
  ctx.target = form.querySelector(".save-status");
  for (const name of [...fields, "base_revision"]) body.set(name, form.elements[name].value);
  sending = edits;
});

form.addEventListener("htmx:after:request", (event) => {
  if (event.target !== form) return;
  if (event.detail.ctx.response?.raw.ok && sending === edits) {
    dirty = false;
    clearTimeout(pause);
    forget();
  }
});

// After the swap the status line is new and carries the new base revision; only then may a waiting button submit.
form.addEventListener("htmx:finally:request", (event) => {
  if (event.target !== form) return;
  sending = null;
  show();
  // No answer, or a broken server: try again without waiting for the next key. A refusal (4xx) needs the author instead.
  const status = event.detail.ctx.response?.status ?? 0;
  clearTimeout(retry);
  if (dirty && (status === 0 || status >= 500)) retry = setTimeout(() => form.dispatchEvent(new CustomEvent("save")), RETRY_MS);
  if (waiting) {
    const button = waiting;
    waiting = null;
    form.requestSubmit(button);
  }
});

form.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("data-save")) {
    event.preventDefault();
    form.dispatchEvent(new CustomEvent("save"));
  } else if (sending !== null) {
    event.preventDefault();
    waiting = event.submitter;
  } else {
    leaving = true;
    keep();
  }
});

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
    event.preventDefault();
    form.dispatchEvent(new CustomEvent("save"));
  }
});

addEventListener("beforeunload", (event) => {
  if (dirty && !leaving) event.preventDefault();
});
addEventListener("pagehide", () => { if (dirty) keep(); });
addEventListener("click", (event) => {
  if (event.target.closest?.("[data-forget]")) {
    leaving = true;
    forget();
  }
});

const rescue = document.getElementById("editor-rescue");
const found = kept();
if (found && same(found.texts, texts())) forget();
else if (found) {
  const minutes = Math.round((Date.now() - found.at) / 60000);
  rescue.querySelector("[data-rescue-age]").textContent =
    minutes < 1 ? "a moment ago" : minutes < 120 ? `${minutes} min ago` : new Date(found.at).toLocaleString("en-GB");
  rescue.hidden = false;
  rescue.addEventListener("click", (event) => {
    const choice = event.target.dataset?.rescue;
    if (!choice) return;
    rescue.hidden = true;
    if (choice === "discard") return forget();
    for (const name of fields) form.elements[name].value = found.texts[name] ?? "";
    // The kept text was written on this base: if the server has moved on, its answer is a conflict that shows both.
    form.elements.base_revision.value = found.base;
    form.dispatchEvent(new Event("input", { bubbles: true }));
    form.elements.body_markdown.focus();
  });
}
