// What not every visit needs comes when it is asked for: the preview, suggestions of tags, the code editor. The room of a preview that stood open
// is there at once, so that the text has its place before it is scrolled to.

const WIDE = matchMedia("(min-width: 80rem)"); // a desk, with room for both
const KEY = "sdc-preview";
const form = document.querySelector("form[data-editor]");
const pane = form.querySelector("[data-preview-pane]");
const button = form.querySelector("[data-preview]");

function lay(on) {
  pane.hidden = !on;
  form.classList.toggle("with-preview", on);
  button.setAttribute("aria-pressed", String(on));
}

async function show(on) {
  const read = place();
  lay(on);
  const preview = await import("./previewing.js");
  if (pane.hidden) preview.close();
  else preview.open(read);
}

// How far down the text was read, where the preview takes its place.
function place() {
  const area = form.elements.body_markdown.getBoundingClientRect();
  return WIDE.matches ? null : Math.min(1, Math.max(0, -area.top / (area.height || 1)));
}

button.addEventListener("click", (event) => {
  event.preventDefault();
  show(pane.hidden);
  try { if (WIDE.matches) localStorage.setItem(KEY, pane.hidden ? "off" : "on"); } catch { /* then it is closed next time */ }
});
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  button.click();
});

let open = false;
try { open = WIDE.matches && localStorage.getItem(KEY) === "on"; } catch { /* as above */ }
if (open) show(true);
else lay(false);

document.querySelector("[data-tags]").addEventListener("focus", () => import("./tagging.js"), { once: true });

// Another editor is chosen among the keys, and stays chosen in this browser.
const EDITOR = "sdc-editor";
const choice = document.querySelector("[data-editor-choice]");
const chosen = () => { try { return localStorage.getItem(EDITOR) ?? "plain"; } catch { return "plain"; } };
choice.value = chosen();
choice.addEventListener("change", () => {
  try { localStorage.setItem(EDITOR, choice.value); } catch { /* for this page it is */ }
  document.querySelector("[data-editor-note]").hidden = false;
});
if (chosen() !== "plain") {
  const save = () => form.dispatchEvent(new CustomEvent("save"));
  // Where it does not come the textarea is there.
  import("./coding.js").then(({ begin }) => begin({ withVim: chosen() === "vim", save }), () => {});
}
