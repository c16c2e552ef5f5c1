// What has no sizes yet is looked at again: all of it with one request, after pauses that grow, never while the page is
// hidden, and for twenty minutes at most. Without script a reload does the same.

const FIRST_MS = 1_500;
const LONGEST_MS = 15_000;
const UNTIL = Date.now() + 20 * 60_000;
const AT_ONCE = 48;
let pause = FIRST_MS;
let timer = 0;

function waiting() {
  return [...document.querySelectorAll("[data-pending]")].slice(0, AT_ONCE);
}

async function look() {
  timer = 0;
  const pending = waiting();
  const whole = document.querySelector("[data-pending-page]");
  if (document.hidden || (!pending.length && !whole)) return;
  const ids = whole ? [whole.id.replace("media-look-", "")] : pending.map((one) => one.dataset.pending);
  try {
    const query = new URLSearchParams(ids.map((id) => ["asset", id]));
    const answer = await fetch(`/author/media/states?${query}`, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error("not now");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const fresh of page.querySelectorAll(".asset-look:not([data-pending])")) {
      // The page of one asset shows more than its look, so it is opened anew; what is typed in its form is not lost for it.
      if (whole) return settled();
      document.getElementById(fresh.id)?.replaceWith(document.importNode(fresh, true));
      pause = FIRST_MS;
    }
    // A first size is there, the others are being made.
    for (const fresh of whole ? [] : page.querySelectorAll(".asset-look[data-pending]:has(picture)")) {
      const old = document.getElementById(fresh.id);
      if (old && !old.querySelector("picture")) old.replaceWith(document.importNode(fresh, true));
    }
  } catch {
    pause = LONGEST_MS;
  }
  pause = Math.min(pause * 1.3, LONGEST_MS);
  wake();
}

function settled() {
  const form = document.getElementById("media-words-form");
  const typed = form && [...form.elements].some((field) => "defaultValue" in field && field.value !== field.defaultValue);
  if (!typed) return location.reload();
  const words = document.createElement("p");
  words.className = "flash flash-ok";
  words.textContent = "Its sizes are made. Save what you have written, and you will see them.";
  document.getElementById("flash-region").replaceChildren(words);
}

function wake() {
  if (!timer && Date.now() < UNTIL) timer = setTimeout(look, pause);
}

document.addEventListener("visibilitychange", wake);
document.addEventListener("htmx:after:swap", wake);
document.addEventListener("media:uploaded", () => {
  pause = FIRST_MS;
  wake();
});
wake();
