// One file on its way: fetch tells no progress of what it sends, so it is an XMLHttpRequest. A failure is told in words.

import { replaceAway, surface } from "./surface.js";

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

// What it shows goes into the text, and into the library for the next time. Nobody has to: the line can be closed.
export function ask(line, uploaded, show) {
  show(line, "asking");
  const field = line.querySelector("input");
  const done = () => {
    const alt = field.value.trim().replace(/\s+/g, " ");
    line.remove();
    surface.focus();
    if (!alt) return;
    replaceAway(uploaded.markdown, uploaded.markdown.replace("![](", `![${alt.replace(/[\\[\]]/g, "\\$&")}](`));
    const { value } = document.querySelector("form[data-editor]").elements.opened_by;
    const body = new URLSearchParams({ opened_by: value, [`alt-${uploaded.asset_id}`]: alt });
    fetch("/author/media/alt", { method: "PUT", body, redirect: "manual" }).catch(() => { /* the text has it */ });
  };
  line.querySelector("[data-keep]").onclick = done;
  line.querySelector("[data-close]").onclick = () => { field.value = ""; done(); };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (event.key === "Escape") field.value = "";
    done();
  });
}

function read(text) {
  try { return JSON.parse(text); } catch { return null; }
}

function sentence(words) { return `${words[0].toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`; }
