// The library in a dialog: a file for the text, a picture for the cover. htmx fetches and searches; here it is put where it
// was asked for.

import { attach, send } from "./attaching.js";
import { pictured } from "./commands.js";
import { apply, state, surface } from "./surface.js";

const dialog = document.getElementById("editor-pictures");
const search = dialog.querySelector("input[type=search]");
const cover = document.querySelector("[data-cover]");
const select = cover.querySelector("select");
const shown = cover.querySelector("[data-cover-shown]");
const picker = dialog.querySelector("[data-attach-files]");
let asked = null; // what is done with a picture of the library, and with files of this device

function ask(done) {
  asked = done;
  dialog.querySelector("[name=accept]").value = picker.accept = done.files === attach ? "" : "image/*";
  search.value = "";
  dialog.showModal();
  search.dispatchEvent(new Event("open"));
}

document.querySelector("[data-insert-picture]").addEventListener("click", () => ask({
  chosen({ markdown }) {
    apply(pictured(state(), markdown));
  },
  files: attach,
}));

picker.addEventListener("change", () => {
  dialog.close();
  // The list of types is advice that a browser lets one pass over.
  const files = [...picker.files].filter(({ type }) => !picker.accept || type.startsWith("image/"));
  if (files.length) asked.files(files);
  picker.value = "";
});

dialog.addEventListener("click", (event) => {
  const button = event.target.closest("[data-picture]");
  if (button) {
    dialog.close();
    asked.chosen(button.dataset, button);
  }
  // Beside it, on the backdrop.
  if (event.target === dialog) dialog.close();
});
dialog.addEventListener("close", () => { if (document.activeElement === document.body) surface.focus(); });
// Enter in the search is no choice, and the form around nothing.
search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });

// The cover: the list of names is for those without script.
const choose = cover.querySelector("[data-cover-choose]");
const none = cover.querySelector("[data-cover-none]");
cover.querySelector("[data-cover-plain]").hidden = true;
cover.querySelector("[data-cover-rich]").hidden = false;
none.hidden = !select.value;

choose.addEventListener("click", () => ask({
  chosen({ picture, words }, button) {
    set(picture, words);
    const said = document.createElement("span");
    said.className = "visually-hidden";
    said.textContent = words;
    shown.replaceChildren(button.querySelector(".asset-frame").cloneNode(true), said);
    choose.focus();
  },
  files([file]) {
    send(file, (uploaded) => {
      set(uploaded.asset_id, uploaded.file_name);
      shown.textContent = `${uploaded.file_name}: its sizes are being made.`;
    });
  },
}));
none.addEventListener("click", () => {
  set("", "");
  shown.replaceChildren();
  choose.focus();
});

function set(id, words) {
  if (![...select.options].some((option) => option.value === id)) select.add(new Option(words, id));
  select.value = id;
  none.hidden = !id;
  select.dispatchEvent(new Event("input", { bubbles: true }));
}
