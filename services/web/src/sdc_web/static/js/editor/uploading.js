// One file on its way: fetch tells no progress of what it sends, so it is an XMLHttpRequest. A failure is told in words.

export function upload(file, line, limit, stop) {
  if (stop.aborted) return Promise.reject("cancelled");
  if (file.size > limit) return Promise.reject(`It is larger than ${Math.floor(limit / 1e6)} MB, so it was not sent.`);
  const progress = line.querySelector("progress");
  const words = line.querySelector("[data-percent]");
  const show = (percent) => {
    progress.value = percent;
    words.textContent = percent < 100 ? `${percent} %` : "the server is looking at it";
  };
  return new Promise((done, refuse) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/author/media");
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => show(total ? Math.floor((100 * loaded) / total) : 0));
    request.addEventListener("load", () => {
      const answer = read(request.responseText);
      if (request.status === 201) done(answer[0]);
      else if (request.responseURL.includes("/author/sign-in")) refuse("You are signed out. Sign in in another tab, then try again.");
      else refuse(answer?.detail ? sentence(answer.detail) : `The server answered ${request.status}.`);
    });
    request.addEventListener("error", () => refuse("The connection broke."));
    request.addEventListener("abort", () => refuse("cancelled"));
    stop.addEventListener("abort", () => request.abort());
    const body = new FormData();
    body.set("file", file);
    body.set("alt", "");
    show(0);
    request.send(body);
  });
}

function read(text) {
  try { return JSON.parse(text); } catch { return null; }
}

function sentence(words) { return `${words[0].toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`; }
