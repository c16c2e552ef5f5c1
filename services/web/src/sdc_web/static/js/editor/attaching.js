// Files pasted, dropped or chosen go up one after the other, each with a line below the toolbar: how far it is, cancel, why
// not and once more. A comment keeps their place in the text; when one is there, what it shows is asked for, calmly.

import { pictured } from "./commands.js";
import { apply, area, replaceAway, state, surface } from "./surface.js";

const list = document.querySelector("[data-attachments]");
const template = document.querySelector("[data-attachment]");
let count = 0;
let turn = Promise.resolve();
let going = 0;

// Several at once keep their order: all places first, then the bytes.
export function attach(files) {
  const taken = [...files].map((file) => {
    count += 1;
    return { file, place: `<!-- uploading ${name(file)} (${count}) -->`, line: lineOf(file) };
  });
  apply(pictured(state(), taken.map(({ place }) => place).join("\n\n")));
  for (const one of taken) queue(one);
}

// A picture for another place than the text: `then` is told of it once it is there.
export function send(file, then) { queue({ file, line: lineOf(file), then }); }

function name(file) { return file.name.replaceAll("--", "-").replace(/[<>\n]/g, "") || "picture"; }

function queue(one) {
  going += 1;
  const stop = new AbortController();
  one.line.querySelector("[data-cancel]").onclick = () => {
    stop.abort();
    leaveOut(one);
  };
  const send = async () => (await import("./uploading.js")).upload(one.file, one.line, Number(list.dataset.limit), stop.signal);
  turn = turn.then(send).then((uploaded) => arrived(one, uploaded), (reason) => failed(one, typeof reason === "string" ? reason : "The server does not answer."))
    .finally(() => { going -= 1; });
}

async function arrived(one, uploaded) {
  if (one.then) {
    one.line.remove();
    one.then(uploaded);
    return;
  }
  // The author may have deleted the place, which then means: not wanted here. The picture is in the library.
  const shown = await replaceAway(one.place, uploaded.markdown);
  if (!shown || !uploaded.markdown.startsWith("![](")) one.line.remove();
  else (await import("./uploading.js")).ask(one.line, uploaded, show);
}

function failed(one, reason) {
  if (!one.line.isConnected) return;
  show(one.line, "failed");
  one.line.querySelector("[data-reason]").textContent = reason;
  one.line.querySelector("[data-again]").onclick = () => {
    show(one.line, "sending");
    queue(one);
  };
  one.line.querySelector("[data-leave-out]").onclick = () => leaveOut(one);
}

function leaveOut(one) {
  one.line.remove();
  if (one.place) replaceAway(surface.text.includes(`${one.place}\n\n`) ? `${one.place}\n\n` : one.place, "");
  surface.focus();
}

function lineOf(file) {
  const line = template.content.firstElementChild.cloneNode(true);
  for (const each of line.querySelectorAll("[data-name]")) each.textContent = file.name || "picture";
  list.append(line);
  show(line, "sending");
  return line;
}

function show(line, step) {
  for (const each of line.querySelectorAll("[data-step]")) each.hidden = each.dataset.step !== step;
}

function take(event, files) {
  if (!files.length) return;
  event.preventDefault();
  attach(files);
}

// Word and Excel put a picture of the words beside them: then the words are meant.
addEventListener("paste", (event) => {
  if (event.target !== area && !event.target.matches?.("[data-code-editor]")) return;
  if (!event.clipboardData.types.includes("text/plain")) take(event, event.clipboardData.files);
}, true);
const frame = area.parentElement;
frame.addEventListener("drop", (event) => {
  frame.classList.remove("drop-here");
  take(event, event.dataTransfer.files);
});
frame.addEventListener("dragover", (event) => {
  if (![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  frame.classList.add("drop-here");
});
frame.addEventListener("dragleave", () => frame.classList.remove("drop-here"));

// What is typed here is no change of the text.
list.addEventListener("input", (event) => event.stopPropagation());
addEventListener("beforeunload", (event) => { if (going) event.preventDefault(); });
