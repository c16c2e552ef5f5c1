// Upload with progress and a way to stop. fetch reports no progress while sending, so this one request is an XMLHttpRequest.
// Without script the form posts as it is.

const form = document.querySelector("form[data-upload]");
const file = form.elements.file;
const progress = form.querySelector("[data-progress]");
const bar = progress.querySelector("progress");
const words = progress.querySelector("[data-progress-words]");
const button = form.querySelector("button[type=submit]");
let request = null;

function say(text) {
  progress.hidden = false;
  words.textContent = text;
}

function finish(text) {
  request = null;
  button.disabled = false;
  bar.hidden = true;
  form.querySelector("[data-cancel]").hidden = true;
  say(text);
}

function send() {
  const limit = Number(form.dataset.limit);
  if (file.files[0].size > limit) return finish(`This file is larger than ${Math.floor(limit / 1e6)} MB, so it was not sent.`);
  request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.setRequestHeader("HX-Request-Type", "partial");
  request.setRequestHeader("Accept", "text/html");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = total ? (100 * loaded) / total : 0;
    say(loaded < total ? `${Math.floor((100 * loaded) / total)} %` : "Sent; the server is looking at it");
  });
  request.addEventListener("load", () => {
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const asset = answer.querySelector("[id^=media-asset-]");
    if (request.status >= 400 || !asset) return finish(answer.body.textContent.trim() || `The server answered ${request.status}.`);
    const grid = document.getElementById("media-grid-all");
    document.getElementById(asset.id)?.remove();
    grid.prepend(document.importNode(asset, true));
    htmx.process(grid.firstElementChild);
    form.reset();
    finish("Uploaded. Its sizes are being made.");
  });
  request.addEventListener("error", () => finish("The connection broke. Nothing was stored; try again."));
  request.addEventListener("abort", () => finish("Cancelled. Nothing was stored."));
  button.disabled = true;
  bar.hidden = false;
  bar.value = 0;
  form.querySelector("[data-cancel]").hidden = false;
  say("0 %");
  request.send(new FormData(form));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!request) send();
});
form.querySelector("[data-cancel]").addEventListener("click", () => request?.abort());

for (const type of ["dragover", "dragleave", "drop"]) {
  form.addEventListener(type, (event) => {
    event.preventDefault();
    form.classList.toggle("drop-here", type === "dragover");
    if (type === "drop" && event.dataTransfer.files.length) file.files = event.dataTransfer.files;
  });
}
