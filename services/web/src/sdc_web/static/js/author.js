// What every page of the author says when the server does not answer at all, and where the focus is after a part of a page was swapped. The
// editor has words of its own.

addEventListener("htmx:error", (event) => {
  const form = event.target.closest?.("form");
  if (!form || form.hasAttribute("data-editor")) return;
  const words = document.createElement("p");
  words.className = "flash flash-error";
  words.textContent = "The server does not answer, so nothing was changed. Try again in a moment.";
  document.getElementById("flash-region").replaceChildren(words);
});

// What had the focus may be gone with the swap: then the part itself has it, so that a keyboard goes on from there.
let part = "";
addEventListener("htmx:before:swap", ({ detail }) => {
  const { target } = detail.ctx;
  part = target instanceof Element && target.contains(document.activeElement) ? target.id : "";
});
addEventListener("htmx:after:swap", () => {
  const swapped = part && document.activeElement === document.body ? document.getElementById(part) : null;
  part = "";
  if (!swapped) return;
  swapped.tabIndex = -1;
  swapped.focus({ preventScroll: true });
});
