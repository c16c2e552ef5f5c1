// One large file with progress. fetch reports none while sending, so it is an XMLHttpRequest; without script the form posts as it is.

const form = document.querySelector("form[data-send]");
const words = form.querySelector("[data-send-words]");
const bar = form.querySelector("[data-send-bar]");
const button = form.querySelector("button[type=submit]");
const file = form.elements.file;

function say(text, failed = false) {
  words.hidden = false;
  words.textContent = text;
  words.classList.toggle("field-error", failed);
}

function stop(reason) {
  bar.hidden = true;
  button.disabled = false;
  say(reason, true);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const limit = Number(form.dataset.limit);
  if (file.files[0].size > limit) return stop(`This file is larger than ${form.dataset.limitWords}, so it was not sent.`);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "text/html");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    const percent = total ? Math.floor((100 * loaded) / total) : 0;
    bar.value = percent;
    // Every tenth part is told, so that whoever listens is not told a hundred times.
    if (percent < 100 && percent % 10 === 0) say(`${percent} % sent`);
    if (percent === 100) say("Sent; the server is keeping it.");
  });
  request.addEventListener("load", () => {
    if (request.status < 400) return window.location.assign(request.responseURL);
    const answer = new DOMParser().parseFromString(request.responseText, "text/html");
    const reason = answer.querySelector(".field-error[id], .flash-error, .problem-detail")?.textContent.trim();
    stop(reason || `It was not taken: the server answered ${request.status}.`);
  });
  request.addEventListener("error", () => stop("The connection broke. Send the file again."));
  bar.hidden = false;
  button.disabled = true;
  say("0 % sent");
  request.send(new FormData(form));
});
