// The editor never loses a sentence: what is typed is kept in this browser twice a second, whatever the network does, and
// sent to the server each second, whether there is a pause or not. Saving itself is the form's own hx-put; without this file, and
// without any script, "Save draft" still works.

import * as browser from "./kept.js";
import { area, surface } from "./surface.js";

const form = document.querySelector("form[data-editor]");
const fields = [...new FormData(form).keys()].filter((name) => !["base_revision", "add_picture", "opened_by"].includes(name));
const KEEP_MS = 400;
const LONGEST_MS = 1000;
const RETRY_MS = 5000;
const SIGNED_OUT_MS = 30_000; // coming back to this page asks at once
// Each page that is opened keeps under a name of its own: two tabs never write over each other's text, nor does one that goes
// on over what it kept before it was opened anew, which is offered until it is answered.
const prefix = `sdc-draft-${form.dataset.editor}-`;
const opened = crypto.getRandomValues(new Uint32Array(1))[0].toString(36); // of what this page saved itself it is told no conflict, were an answer lost
const key = prefix + opened;

let dirty = false; // something typed since the last save that the server confirmed
let edits = 0; // counts inputs, so that a reply can tell whether it covers the newest
let sending = null; // the count that the running save carries
let waiting = null; // a submit button that was pressed: it has its turn once everything is saved
let turn = false;
let said = ""; // why nothing is saved without signing in
let leaving = false;
const signedOut = document.getElementById("editor-signed-out");
let merging = !!panel(); // two texts are compared above the form, which waits until one is chosen
let resumed = null; // a text of an earlier page that was brought back: its first save is one of that page's
let keeping;
let longest;
let retry;
// Asked before anything of now is kept, which would be the newest.
const [writer] = form.elements.opened_by.value.split(" ");
const earlier = browser.newest(prefix, writer);

function panel() { return document.querySelector("[data-conflict]"); }

// Whether somebody writes there, or has written.
const held = () => merging || panel()?.contains(document.activeElement);

function merge() {
  merging = true;
  form.inert = true;
}
if (merging) merge();

const save = () => form.dispatchEvent(new CustomEvent("save"));
const texts = () => Object.fromEntries(fields.map((name) => [name, form.elements[name]?.value ?? ""]));
const plain = (text) => (text ?? "").replaceAll("\r\n", "\n").trimEnd();
const line = (text) => plain(text).normalize().replace(/\s+/g, " ").trim();
// As the server tidies them. What it does not save, or what only says how another is meant, is nothing that could be lost.
const TIDIED = {
  body_markdown: plain, publish_at: () => "", unpublish_at: () => "", zone: () => "",
  tags: (text) => [...new Set(line(text).toLowerCase().split(",").map((tag) => tag.trim()).filter(Boolean))].join(),
  series_position: (text, { series }) => line(series) && line(text),
  language: (text) => line(text).toLowerCase(),
};

// Whether the server has what was kept, in every field. Where it tidied further than is known here one text too many is offered.
function reached({ texts: kept }, now) {
  const held = (all, name) => (TIDIED[name] ?? line)(all[name], all);
  // A slug that was left to the title is the server's to choose.
  const left = (name) => !(name in kept) || (name === "slug" && !line(kept.slug));
  return fields.every((name) => left(name) || held(kept, name) === held(now, name)) && (!kept.dated_at || kept.zone === now.zone);
}

function show() {
  const line = form.querySelector(".save-status");
  line.querySelector("[data-unsaved]").hidden = !dirty;
  const saved = line.querySelector("[data-saved]");
  if (saved) saved.hidden = dirty;
}

// What was refused is told beside its field as well, until a save takes it.
function tell() {
  const described = (field) => field.setAttribute("aria-describedby", ["error", "help"].map((each) => `${each}-${field.name}`).filter((each) => document.getElementById(each)).join(" "));
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    document.getElementById(`error-${field.name}`)?.remove();
    field.removeAttribute("aria-invalid");
    described(field);
  }
  for (const { dataset, textContent } of form.querySelectorAll("[data-refused]")) {
    const field = form.elements[dataset.refused];
    const fold = field.closest("details");
    if (fold) fold.open = true;
    field.setAttribute("aria-invalid", "true");
    field.after(Object.assign(document.createElement("p"), { className: "field-error", id: `error-${field.name}`, textContent }));
    described(field);
  }
}

function present() {
  const at = Date.now();
  const caret = [area.selectionStart, area.selectionEnd];
  if (!merging) return { at, writer, tab: opened, base: form.elements.base_revision.value, texts: texts(), caret };
  const merged = Object.fromEntries(new FormData(panel()));
  // On a base before the other text, beside which it is shown again when it is brought back.
  return { at, writer, base: `${merged.base_revision - 1}`, texts: merged };
}
function keep() {
  clearTimeout(keeping);
  keeping = undefined;
  browser.keep(key, present());
}
function forget(name = key) {
  clearTimeout(keeping);
  keeping = undefined;
  browser.forget(name);
}

form.addEventListener("input", () => {
  edits += 1;
  dirty = true;
  show();
  // Not put off by the next key: who types without a pause is kept and saved all the same.
  keeping ??= setTimeout(keep, KEEP_MS);
  longest ??= setTimeout(() => { longest = undefined; save(); }, LONGEST_MS);
});

// A chosen picture becomes a line of the field, where it can be moved; without this the next save adds it.
form.elements.add_picture?.addEventListener("input", ({ target }) => {
  const words = target.selectedOptions[0].text.replaceAll("[", "(").replaceAll("]", ")");
  const pictures = form.elements.project_pictures;
  if (target.value) pictures.value = `${pictures.value.trimEnd()}\n![${words}](media:${target.value})`.trimStart();
  target.value = "";
});

// A queued save was filled in, and aimed, before the one it waited for: give it the newest text, the newest base revision
// and the status line that stands in the page now.
form.addEventListener("htmx:before:request", (event) => {
  if (event.target !== form) return;
  if (held()) return event.preventDefault();
  const { ctx } = event.detail;
  const { body } = ctx.request;
  ctx.target = form.querySelector(".save-status");
  for (const name of [...fields, "base_revision"]) body.set(name, form.elements[name].value);
  body.set("tab", resumed?.tab ?? opened);
  body.set("save_no", resumed?.at ?? Date.now());
  sending = edits;
  clearTimeout(longest);
  longest = undefined;
});

form.addEventListener("htmx:after:request", (event) => {
  if (event.target !== form) return;
  // An answer that comes late takes nothing away that is being merged.
  if (held()) return event.preventDefault();
  const { response, text } = event.detail.ctx;
  const ok = response?.raw.ok;
  // Said once, and not anew by each further try.
  if (response?.status === 401 && said === text) event.preventDefault();
  said = response?.status === 401 ? text : "";
  if (response && !said) signedOut.replaceChildren();
  if (ok) resumed = null;
  if (ok && sending === edits) {
    dirty = false;
    forget();
  }
});

// After the swap the status line is new and carries the new base revision; only then may a waiting button submit.
form.addEventListener("htmx:finally:request", (event) => {
  if (event.target !== form) return;
  sending = null;
  if (merging) return;
  show();
  // No answer, a broken server or one that asks for patience: try again without waiting for the next key. Another refusal
  // (4xx) needs the author instead.
  const { status = 0, headers } = event.detail.ctx.response ?? {};
  const away = status === 0 || status >= 500;
  clearTimeout(retry);
  const pause = status === 401 ? SIGNED_OUT_MS : Math.max(RETRY_MS, headers?.get("retry-after") * 1000 || 0);
  if (dirty && (away || [401, 408, 425, 429].includes(status))) retry = setTimeout(save, pause);
  if (status === 200 || status === 422) tell();
  // On the base that the rest has now: a page that is opened anew then sees what is missing of it.
  if (status === 422) keep();
  const button = waiting;
  waiting = null;
  form.querySelector("[data-away]").hidden = !away || !button;
  // What else is refused has been told at the top.
  if (!button || !(status < 400 || [409, 412, 422].includes(status)) || away) return;
  turn = true;
  // What the save came to may have put a new one in its place.
  form.requestSubmit(button.isConnected ? button : form.querySelector(`[formaction="${button.getAttribute("formaction")}"]`));
  turn = false;
});

form.addEventListener("submit", (event) => {
  // Pressed before htmx has come to the form, or where it does not come, a button does as it does without script.
  const powered = form.hasAttribute("data-htmx-powered");
  if (powered && event.submitter?.hasAttribute("data-save")) {
    event.preventDefault();
    save();
  } else if (powered && !turn) {
    // A page that is not reached would take the place of the text, so it is asked first whether the server answers.
    event.preventDefault();
    waiting = event.submitter;
    if (sending === null) save();
  } else {
    leaving = true;
    // What was saved just now is nothing that could be lost.
    if (dirty) browser.keepLast(key, present());
  }
});

addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "s") return;
  event.preventDefault();
  const merged = event.target.closest?.("[data-conflict]");
  if (merged) merged.requestSubmit();
  else save();
});

addEventListener("online", () => { if (dirty) save(); });
// Who comes back may have signed in elsewhere.
addEventListener("focus", () => { if (signedOut.firstChild) save(); });

// The form of a conflict takes this text along: what stands in it is now what must not be lost, until the answer shows that
// it was saved or set aside. Until something is typed there it follows the text below.
addEventListener("focusin", ({ target }) => {
  const { value } = form.elements.body_markdown;
  if (target.id === "conflict-mine" && !merging && target.value !== value) target.value = value;
});
addEventListener("input", ({ target }) => {
  if (!target.closest("[data-conflict]")) return;
  merge();
  dirty = true;
  keeping ??= setTimeout(keep, KEEP_MS);
});
addEventListener("submit", (event) => {
  if (!event.target.matches?.("[data-conflict]")) return;
  leaving = true;
  merge();
  browser.keepLast(key, { ...present(), aside: event.submitter?.formAction.endsWith("/set-aside") });
});

addEventListener("beforeunload", (event) => {
  if (dirty && !leaving) event.preventDefault();
});
addEventListener("pagehide", () => { if (dirty && !leaving) browser.keepLast(key, present()); });

// What was typed while this file was still on its way, or what the browser itself put back, counts like any key.
const early = ["title", "body_markdown"].some((name) => form.elements[name].value !== form.elements[name].defaultValue);
if (early && !merging) form.dispatchEvent(new Event("input", { bubbles: true }));

const rescue = document.getElementById("editor-rescue");

// What comes and goes above the text moves no line of it; at the top of the page it may. Most browsers see to that themselves, a moment later.
function still(change) {
  const { top } = form.getBoundingClientRect();
  const scrolled = scrollY > 0;
  change();
  if (scrolled) requestAnimationFrame(() => requestAnimationFrame(() => scrollBy({ top: form.getBoundingClientRect().top - top, behavior: "instant" })));
}

function bringBack({ texts: kept, base, tab, caret }) {
  for (const name of fields.filter((each) => each in kept)) {
    const field = form.elements[name];
    // One with an offset does not fit into the browser's own field.
    if (field.type === "datetime-local" && /[+-]\d\d:\d\d$/.test(kept[name])) field.type = "text";
    field.value = kept[name];
  }
  // Its moments are of the zone in which they were typed.
  const zone = form.elements.zone.value.replaceAll("_", " ");
  for (const label of form.querySelectorAll("label[for$=_at]")) label.textContent = label.textContent.replace(/\(.*\)/, `(${zone})`);
  // The kept text was written on this base: if the server has moved on, its answer is a conflict that shows both.
  form.elements.base_revision.value = base;
  if (tab) resumed = found;
  form.dispatchEvent(new Event("input", { bubbles: true }));
  keep();
  // To the place at which it was left, which focusing brings into view.
  surface.select(...(caret ?? [area.value.length, area.value.length]));
  area.focus();
}

const found = await earlier;
if (found && (reached(found, texts()) || (found.aside && location.search === "?said=set-aside"))) browser.forget(found.name);
else if (found && !merging) {
  const minutes = Math.round((Date.now() - found.at) / 60000);
  const age = minutes < 1 ? "a moment ago" : minutes < 120 ? `${minutes} min ago` : new Date(found.at).toLocaleString("en-GB");
  still(() => {
    rescue.hidden = false;
    // Only what comes into what is there already is read out everywhere.
    rescue.querySelector("[data-rescue-age]").textContent = age;
  });
  rescue.addEventListener("click", (event) => {
    const choice = event.target.dataset?.rescue;
    if (!choice) return;
    if (choice === "restore") {
      rescue.hidden = true;
      bringBack(found);
    } else {
      still(() => { rescue.hidden = true; });
      surface.focus();
    }
    browser.forget(found.name);
  });
}
