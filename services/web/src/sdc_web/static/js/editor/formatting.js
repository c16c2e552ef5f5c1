// The toolbar and the keys. The toolbar is one stop of Tab, in which arrows move (the pattern of the ARIA guide); its buttons
// leave the focus in the text, so that a phone's keyboard stays.

import * as commands from "./commands.js";
import { apply, area, state } from "./surface.js";

const toolbar = document.querySelector("[data-toolbar]");
const buttons = [...toolbar.querySelectorAll("button")];
const keys = document.getElementById("editor-keys");
const mac = navigator.platform.startsWith("Mac");
// By event.code, so that digits and brackets are found on every layout.
const SHORT = { KeyB: "bold", KeyI: "italic", KeyK: "link", KeyE: "code", BracketRight: "indent", BracketLeft: "outdent" };
const WITH_SHIFT = {
  KeyX: "strike", KeyE: "codeBlock", Digit2: "heading", Digit7: "numbers", Digit8: "bullets", Digit9: "tasks", Period: "quote",
};
const TABS = "sdc-tab-indents";
let leaving = false; // Escape was the last key: the next Tab leaves, whatever the author chose

toolbar.removeAttribute("data-comes");

export function run(name) {
  const now = state();
  if (name !== "link") return apply(commands[name](now));
  // At once, so that what is typed goes there; where its script does not come the signs of a link do.
  const dialog = document.getElementById("editor-links");
  let last = "";
  dialog.onkeydown = ({ key }) => { last = key; };
  dialog.showModal();
  dialog.querySelector("input").focus();
  import("./linking.js").then(({ open }) => open(now, last === "Enter"), () => {
    dialog.close();
    apply(commands.link(now));
  });
}

function stop(button) { for (const each of buttons) each.tabIndex = each === button ? 0 : -1; }
stop(buttons[0]);

toolbar.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1, Home: -buttons.length, End: buttons.length }[event.key];
  const now = buttons.indexOf(document.activeElement);
  if (!step || now < 0) return;
  event.preventDefault();
  const shown = buttons.filter((each) => each.offsetParent);
  const at = shown.indexOf(document.activeElement) + step;
  const next = Math.abs(step) > 1 ? shown[step < 0 ? 0 : shown.length - 1] : shown[(at + shown.length) % shown.length];
  stop(next);
  next.focus();
});

toolbar.addEventListener("mousedown", (event) => { if (event.target.closest("button")) event.preventDefault(); });
toolbar.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  stop(button);
  if (button.dataset.format) run(button.dataset.format);
  if (button.hasAttribute("data-keys")) keys.showModal();
});

area.addEventListener("keydown", keydown);
export function keydown(event) {
  if (event.isComposing) return;
  if (event.key === "Tab" && !event.ctrlKey && !event.metaKey && !event.altKey) {
    if (tabs() && !leaving) {
      event.preventDefault();
      run(event.shiftKey ? "outdent" : "indent");
    }
    leaving = false;
    return;
  }
  if (event.key !== "Shift") leaving = event.key === "Escape";
  // On a Mac Ctrl moves the caret, so there it is Command. AltGr is Ctrl+Alt on some keyboards, and writes brackets.
  const [held, other] = mac ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey];
  if (!held || other || event.altKey) return;
  const name = (event.shiftKey ? WITH_SHIFT : SHORT)[key(event)];
  if (!name) return;
  event.preventDefault();
  run(name);
}

// Letters by what is written on the key, the others by where it is; never a key that zooms on some layout.
function key(event) {
  if (/^[a-z]$/i.test(event.key)) return `Key${event.key.toUpperCase()}`;
  return event.code.startsWith("Key") || ["+", "-", "=", "0"].includes(event.key) ? "" : event.code;
}

area.addEventListener("beforeinput", (event) => {
  if (!["insertLineBreak", "insertParagraph"].includes(event.inputType) || event.isComposing) return;
  const edit = commands.newline(state());
  if (!edit) return;
  event.preventDefault();
  apply(edit);
});

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.defaultPrevented && ["/", "?"].includes(event.key)) {
    event.preventDefault();
    keys.showModal();
  }
});

function tabs() {
  try { return localStorage.getItem(TABS) === "yes"; } catch { return false; }
}
const choice = keys.querySelector("[data-tab-indents]");
choice.checked = tabs();
choice.addEventListener("change", () => {
  try { localStorage.setItem(TABS, choice.checked ? "yes" : "no"); } catch { /* for this visit it is not kept */ }
});
keys.addEventListener("close", () => { if (document.activeElement === document.body) area.focus({ preventScroll: true }); });
