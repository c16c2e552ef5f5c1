// Pictures pasted or dropped into the text are uploaded, and their Markdown takes the place where they were dropped.
// The answer is the same fragment that the media page gets (_asset.html); its Markdown field is what is inserted.

const text = document.getElementById("field-body");

// Through the browser's own editing command, so that undo works and an input event sets off the autosave.
function replace(from, to, insert) {
  const [start, end] = [text.selectionStart, text.selectionEnd];
  text.focus();
  text.setSelectionRange(from, to);
  if (!document.execCommand("insertText", false, insert)) {
    text.setRangeText(insert, from, to, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const moved = insert.length - (to - from);
  if (start > to || (start === to && from !== to)) text.setSelectionRange(start + moved, end + moved);
}

async function upload(file) {
  const body = new FormData();
  body.set("file", file);
  body.set("alt", "");
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial", Accept: "text/html" };
  const answer = await fetch("/author/media", { method: "POST", body, headers });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const field = page.querySelector("input[id^=markdown-]");
  const reason = page.querySelector(".notice > :last-child")?.textContent.trim();
  if (!answer.ok || !field) throw new Error(reason || `the server answered ${answer.status}`);
  return field.value;
}

let count = 0;
async function attach(file) {
  count += 1;
  const place = `<!-- uploading ${file.name || "picture"} (${count}) -->`;
  replace(text.selectionStart, text.selectionEnd, place);
  const result = await upload(file).catch((error) => `<!-- ${file.name} was not uploaded: ${error.message} -->`);
  // The author may have typed on, or deleted the place, which then means: not wanted.
  const at = text.value.indexOf(place);
  if (at >= 0) replace(at, at + place.length, result);
}

function take(event, files) {
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  if (!pictures.length) return;
  event.preventDefault();
  pictures.forEach(attach);
}

text.addEventListener("paste", (event) => take(event, event.clipboardData.files));
text.addEventListener("drop", (event) => {
  text.classList.remove("drop-here");
  take(event, event.dataTransfer.files);
});
text.addEventListener("dragover", (event) => {
  if (![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  text.classList.add("drop-here");
});
text.addEventListener("dragleave", () => text.classList.remove("drop-here"));
