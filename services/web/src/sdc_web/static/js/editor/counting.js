// How long it is: words and minutes of the text, and of title and summary what search engines cut off.

import { area } from "./surface.js";

const WORDS_A_MINUTE = 220; // as sdc_web.texts.markdown counts
const PAUSE_MS = 300;
const line = document.querySelector("[data-counts]");
const MARKUP = /^ {0,3}(?:```|~~~).*$|\]\([^)]*\)|!\[|<!--[\s\S]*?-->|<[^>\n]*>/gm;
let pause;

function count() {
  const words = area.value.replace(MARKUP, " ").match(/[\p{L}\p{N}_]+(?:['’][\p{L}]+)*/gu)?.length ?? 0;
  line.toggleAttribute("data-comes", words === 0);
  line.textContent = `${words.toLocaleString("en")} ${words === 1 ? "word" : "words"}, ${Math.max(1, Math.ceil(words / WORDS_A_MINUTE))} min`;
}

// Said only where it matters: close to what fits, and above.
function fit(field) {
  const note = document.querySelector(`[data-fit="${field.name}"]`);
  const most = Number(note.dataset.most);
  const length = [...field.value.trim()].length;
  note.hidden = length < most * 0.8;
  note.textContent = length > most ? `${length} characters: search engines show about the first ${most}.` : `${length} of about ${most} characters that search engines show.`;
  note.classList.toggle("fit-over", length > most);
}

area.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(count, PAUSE_MS);
});
count();
for (const note of document.querySelectorAll("[data-fit]")) {
  const field = area.form.elements[note.dataset.fit];
  field.addEventListener("input", () => fit(field));
  fit(field);
}
