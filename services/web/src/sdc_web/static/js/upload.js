// Uploads with progress: two files at a time, each with a way to stop it and to try again, chosen or dropped anywhere on
// the page. fetch reports no progress while sending, so each is an XMLHttpRequest. Without script the form posts as it is.

const AT_ONCE = 2;
const form = document.querySelector("form[data-upload]");
const list = form.querySelector("[data-upload-files]");
const words = form.querySelector("[data-upload-words]");
const file = form.elements.file;
const waiting = [];
let running = 0;
let taken = 0;
let refused = 0;
let pictures = 0;

function entry(one) {
  const item = document.createElement("li");
  const name = Object.assign(document.createElement("span"), { className: "upload-name", textContent: one.name });
  const said = Object.assign(document.createElement("span"), { className: "upload-said", textContent: "waits" });
  const bar = Object.assign(document.createElement("progress"), { max: 100, value: 0 });
  bar.setAttribute("aria-label", `Upload of ${one.name}`);
  const actions = Object.assign(document.createElement("span"), { className: "actions" });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button-plain" });
  actions.append(button);
  item.append(name, said, bar, actions);
  list.append(item);
  return { item, said, bar, button };
}

// Why the file was not taken, or "" when it was.
function send(upload) {
  const { one, row } = upload;
  const limit = Number(form.dataset.limit);
  if (!one.size) return Promise.resolve("the file is empty, so it was not sent");
  if (one.size > limit) return Promise.resolve(`larger than ${form.dataset.limitWords}, so it was not sent`);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    upload.stop = () => request.abort();
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("HX-Request-Type", "partial");
    request.setRequestHeader("Accept", "text/html");
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      row.bar.value = total ? (100 * loaded) / total : 0;
      row.said.textContent = loaded < total ? `${Math.floor((100 * loaded) / total)} %` : "sent; the server is looking at it";
    });
    request.addEventListener("load", () => {
      const answer = new DOMParser().parseFromString(request.responseText, "text/html");
      const asset = answer.querySelector("[id^=media-asset-]");
      const reason = answer.querySelector(".notice > :last-child")?.textContent.trim();
      if (request.status === 401) return done("you are signed out: sign in in another tab, then try again");
      if (request.status >= 400 || !asset) return done(reason || `the server answered ${request.status}`);
      if (asset.querySelector("[data-pending]")) pictures += 1;
      add(asset);
      count(answer.getElementById("media-count"));
      done("");
    });
    request.addEventListener("error", () => done("the connection broke"));
    request.addEventListener("abort", () => done("cancelled"));
    const body = new FormData();
    body.set("file", one);
    body.set("alt", upload.alt);
    request.send(body);
  });
}

function add(asset) {
  document.getElementById(asset.id)?.remove();
  document.querySelector("[data-no-pictures]")?.remove();
  document.getElementById("media-grid-all").prepend(document.importNode(asset, true));
  document.dispatchEvent(new Event("htmx:after:swap"));
  document.dispatchEvent(new Event("media:uploaded"));
}

// Answers may overtake each other: the one that knows of most is right.
function count(told) {
  const shown = document.querySelector("#media-count[data-whole]");
  if (!shown || Number(told.dataset.whole) <= Number(shown.dataset.whole)) return;
  shown.dataset.whole = told.dataset.whole;
  shown.textContent = told.textContent;
}

async function run(upload) {
  running += 1;
  const { row } = upload;
  row.item.classList.remove("is-failed");
  row.bar.hidden = false;
  row.said.textContent = "0 %";
  button(row, "Cancel", upload.one, () => upload.stop?.());
  const reason = await send(upload);
  running -= 1;
  if (reason) {
    refused += 1;
    row.item.classList.add("is-failed");
    row.bar.hidden = true;
    row.said.textContent = `${reason}.`.replace("..", ".");
    button(row, "Try again", upload.one, () => {
      refused -= 1;
      queue(upload);
    });
  } else {
    taken += 1;
    row.item.remove();
  }
  next();
}

function button(row, text, one, act) {
  row.button.textContent = text;
  row.button.setAttribute("aria-label", `${text}: ${one.name}`);
  row.button.onclick = act;
}

function queue(upload) {
  upload.row.said.textContent = "waits";
  button(upload.row, "Cancel", upload.one, () => {
    waiting.splice(waiting.indexOf(upload), 1);
    upload.row.item.remove();
    next();
  });
  waiting.push(upload);
  next();
}

function next() {
  while (running < AT_ONCE && waiting.length) run(waiting.shift());
  words.hidden = false;
  if (running || waiting.length) {
    words.textContent = `Uploading ${running + waiting.length} of ${running + waiting.length + taken + refused}.`;
    return;
  }
  const uploaded = taken > 1 ? `${taken} uploaded.` : taken ? "Uploaded." : "";
  const sizes = pictures > 1 ? "Their sizes are being made." : pictures ? "Its sizes are being made." : "";
  words.textContent = [uploaded, sizes, refused ? `${refused} not uploaded: see why below.` : ""].filter(Boolean).join(" ");
  if (!refused) form.reset();
  taken = pictures = 0;
}

function take(files) {
  form.parentElement.open = true;
  for (const one of files) queue({ one, alt: form.elements.alt.value, row: entry(one) });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  take([...file.files]);
  file.value = "";
});

// A drag passes over many elements: it is over when the last one is left.
let depth = 0;
const brings = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    depth = type === "dragenter" ? depth + 1 : type === "dragleave" ? depth - 1 : type === "drop" ? 0 : depth;
    document.body.classList.toggle("drop-here", depth > 0);
    if (type === "drop") take([...event.dataTransfer.files]);
  });
}
