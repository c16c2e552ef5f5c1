// Who reads now, as the server tells it; menus that close by Escape and by a click beside them. Without it each is opened and closed by hand.

/** @param {string} html */
function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-live]");
  const shown = document.querySelector("[data-live]");
  if (!fresh || !shown) return;
  for (const part of ["summary", ".menu-body"]) {
    const [old, now] = [shown.querySelector(part), fresh.querySelector(part)];
    if (old && now) old.replaceWith(now);
  }
}

function listen() {
  const address = document.querySelector("[data-live]")?.getAttribute("data-live");
  if (!address) return;
  const source = new EventSource(address);
  source.addEventListener("message", (event) => show(event.data));
  addEventListener("pagehide", () => source.close());
}

/** @param {EventTarget | null} kept */
function closeMenus(kept = null) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!(kept instanceof Node && menu.contains(kept))) menu.removeAttribute("open");
  }
}

addEventListener("click", (event) => closeMenus(event.target));
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  closeMenus();
  if (open?.contains(document.activeElement)) open.querySelector("summary")?.focus();
});
listen();
