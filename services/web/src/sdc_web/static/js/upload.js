// Uploads with progress and a way to stop, one file after the other. fetch reports no progress while sending, so each is an
// XMLHttpRequest. Without script the form posts as it is.

const form = document.querySelector("form[data-upload]");
const file = form.elements.file;
const progress = form.querySelector("[data-progress]");
const bar = progress.querySelector("progress");
const words = progress.querySelector("[data-progress-words]");
const cancel = form.querySelector("[data-cancel]");
const button = form.querySelector("button[type=submit]");
let request = null;
let cancelled = false;

function say(text) {
  progress.hidden = false;
  words.textContent = text;
}

function add(asset) {
  const grid = document.getElementById("media-grid-all");
  document.getElementById(asset.id)?.remove();
  document.querySelector("[data-no-pictures]")?.remove();
  grid.prepend(document.importNode(asset, true));
  htmx.process(grid.firstElementChild);
}

// Why the file was not taken, or "" when it was.
function send(one, place) {
  const limit = Number(form.dataset.limit);
  if (one.size > limit) return Promise.resolve(`larger than ${Math.floor(limit / 1e6)} MB, so it was not sent`);
  return new Promise((done) => {
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("HX-Request-Type", "partial");
    request.setRequestHeader("Accept", "text/html");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = total ? (100 * loaded) / total : 0;
      say(`${place}${loaded < total ? `${Math.floor((100 * loaded) / total)} %` : "sent; the server is looking at it"}`);
    });
    request.addEventListener("load", () => {
      const answer = new DOMParser().parseFromString(request.responseText, "text/html");
      const asset = answer.querySelector("[id^=media-asset-]");
      const reason = answer.querySelector(".notice > :last-child")?.textContent.trim();
      if (request.status >= 400 || !asset) return done(reason || `the server answered ${request.status}`);
      add(asset);
      done("");
    });
    request.addEventListener("error", () => done("the connection broke; reload, and try again if it is not in the list"));
    request.addEventListener("abort", () => done("cancelled"));
    const body = new FormData();
    body.set("file", one);
    body.set("alt", form.elements.alt.value);
    request.send(body);
  });
}

async function sendAll(files) {
  cancelled = false;
  button.disabled = true;
  bar.hidden = cancel.hidden = false;
  const refused = [];
  let taken = 0;
  for (const [index, one] of files.entries()) {
    if (cancelled) break;
    bar.value = 0;
    const place = files.length > 1 ? `${index + 1} of ${files.length}, ${one.name}: ` : "";
    say(`${place}0 %`);
    const reason = await send(one, place);
    if (reason) refused.push(`${one.name}: ${reason}.`.replace("..", "."));
    else taken += 1;
  }
  request = null;
  bar.hidden = cancel.hidden = true;
  button.disabled = false;
  if (taken === files.length) form.reset();
  const uploaded = taken > 1 ? `${taken} uploaded. Their sizes are being made.` : taken ? "Uploaded. Its sizes are being made." : "";
  say([uploaded, ...refused].filter(Boolean).join(" "));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!request) sendAll([...file.files]);
});
cancel.addEventListener("click", () => {
  cancelled = true;
  request?.abort();
});

for (const type of ["dragover", "dragleave", "drop"]) {
  form.addEventListener(type, (event) => {
    event.preventDefault();
    form.classList.toggle("drop-here", type === "dragover");
    if (type === "drop" && event.dataTransfer.files.length) file.files = event.dataTransfer.files;
  });
}
