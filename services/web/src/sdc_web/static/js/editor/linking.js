// A link to a text of this site, found by its title, or to an address. htmx searches; here what is chosen is put into the text.

import { apply, surface } from "./surface.js";

const LONGEST = 200; // of chosen words that are looked for
const dialog = document.getElementById("editor-links");
const search = dialog.querySelector("input[type=search]");
const choices = document.getElementById("link-choices");
let place = null; // where the link goes: a browser that comes back from a dialog has forgotten what was chosen
let waits = false; // Enter was pressed before the answer to what is typed was there

// The dialog is open already: what was typed into it meanwhile stays, and counts where it was Enter.
export function open({ text, start, end }, entered) {
  dialog.onkeydown = null;
  place = { start, end };
  const chosen = text.slice(start, end).trim();
  if (!search.value && chosen.length <= LONGEST && !chosen.includes("\n")) {
    search.value = chosen;
    search.select();
  }
  search.dispatchEvent(new Event("open"));
  if (entered) take();
}

function put({ link, title }) {
  dialog.close();
  const { start, end } = place;
  const chosen = surface.text.slice(start, end);
  // An address says nothing to readers: words are typed in its place.
  const words = chosen.trim() === link ? "" : chosen || title.replace(/[[\]\\]/g, "\\$&");
  const insert = `[${words}](${link})`;
  place = null;
  apply({ from: start, to: end, insert, ...(words ? {} : { start: start + 1 }) });
}

const buttons = () => [...choices.querySelectorAll("[data-link]")];

// The first of what was found for the words that stand in the field now.
function take() {
  const found = choices.querySelector("[data-words]");
  waits = found?.dataset.words !== search.value.trim();
  if (!waits && buttons().length) put(buttons()[0].dataset);
}

choices.addEventListener("click", (event) => {
  const button = event.target.closest("[data-link]");
  if (button) put(button.dataset);
});
search.addEventListener("input", () => { waits = false; });
search.addEventListener("htmx:after:swap", () => { if (waits) take(); });
dialog.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter" && event.target === search) {
    event.preventDefault();
    take();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const stops = [search, ...buttons()];
  stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => {
  search.value = "";
  choices.replaceChildren();
  waits = false;
  if (!place) return;
  surface.focus();
  surface.select(place.start, place.end);
});
