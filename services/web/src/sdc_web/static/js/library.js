// The library with script: Markdown goes to the clipboard, all boxes are ticked at once, and the address says what is
// shown, so that a way back leads here. Without script each of these has a plain way of its own.

function reveal() {
  for (const one of document.querySelectorAll("[data-copy], [data-tick-all], [data-drop-words]")) one.removeAttribute("data-comes");
}

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const words = copy.dataset.words ?? copy.innerHTML;
    copy.dataset.words = words;
    try {
      await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).value);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Not copied: the browser forbids it";
    }
    setTimeout(() => { copy.innerHTML = words; }, 2_000);
  }
  if (event.target.closest("[data-tick-all]")) {
    const boxes = [...document.querySelectorAll("input[type=checkbox][name=asset]")];
    const tick = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = tick;
    count();
  }
});

function count() {
  const ticked = document.querySelectorAll("input[type=checkbox][name=asset]:checked").length;
  for (const one of document.querySelectorAll("[data-ticked]")) one.textContent = ticked ? `${ticked} ticked` : "";
}
document.addEventListener("change", count);

document.addEventListener("htmx:after:swap", () => {
  const library = document.getElementById("media-library");
  if (library) history.replaceState(null, "", library.dataset.url);
  reveal();
  count();
});

reveal();
