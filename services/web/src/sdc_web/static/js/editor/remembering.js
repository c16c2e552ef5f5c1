// Where the author was: caret and scroll of each post come back after a reload, in this browser. And the focus mode, which
// leaves nothing but the text, until it is pressed again.

import { area, surface } from "./surface.js";

const MOST = 50; // posts whose place is kept
const KEY = "sdc-places";
const id = area.form.dataset.editor;

function all() {
  try { return JSON.parse(localStorage.getItem(KEY)) ?? {}; } catch { return {}; }
}

addEventListener("pagehide", () => {
  const { [id]: _, ...others } = all();
  const focused = document.activeElement === area || document.activeElement.matches("[data-code-editor]");
  const here = { start: area.selectionStart, end: area.selectionEnd, within: surface.scroller.scrollTop, page: scrollY, focused };
  const kept = Object.fromEntries([...Object.entries(others).slice(1 - MOST), [id, here]]);
  try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* it is a convenience */ }
});

const place = all()[id];
if (place && !document.querySelector("[data-conflict]") && place.start <= area.value.length) {
  area.setSelectionRange(place.start, place.end);
  if (place.focused) area.focus({ preventScroll: true });
  surface.scroller.scrollTop = place.within;
  scrollTo({ top: place.page, behavior: "instant" });
}

const calm = document.querySelector("[data-focus-mode]");
calm.removeAttribute("data-comes");
calm.addEventListener("click", () => {
  const on = document.documentElement.classList.toggle("focus-mode");
  calm.setAttribute("aria-pressed", String(on));
  area.focus({ preventScroll: true });
});
