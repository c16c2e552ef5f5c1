// One file on its way: fetch tells no progress of what it sends, so it is an XMLHttpRequest. A failure is told in words.

export function bar(line, limit) {
  const progress = line.querySelector("progress");
  const words = line.querySelector("[data-percent]");
  let request = null;
  let cancelled = false;

  function show(percent) {
    progress.value = percent;
    words.textContent = percent < 100 ? `${percent} %` : "the server is looking at it";
  }

  function send(file) {
    if (cancelled) return Promise.reject("cancelled");
    if (file.size > Number(limit)) return Promise.reject(`It is larger than ${Math.floor(limit / 1e6)} MB, so it was not sent.`);
    return new Promise((done, refuse) => {
      request = new XMLHttpRequest();
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
      const body = new FormData();
      body.set("file", file);
      body.set("alt", "");
      show(0);
      request.send(body);
    });
  }

  function cancel() {
    cancelled = true;
    request?.abort();
  }
  return { send, cancel };
}

function read(text) {
  try { return JSON.parse(text); } catch { return null; }
}

function sentence(words) { return `${words[0].toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`; }
