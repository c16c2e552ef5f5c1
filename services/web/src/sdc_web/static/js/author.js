// What every page of the author says when the server does not answer at all. The editor has words of its own.

addEventListener("htmx:error", (event) => {
  const form = event.target.closest?.("form");
  if (!form || form.hasAttribute("data-editor")) return;
  const words = document.createElement("p");
  words.className = "flash flash-error";
  words.textContent = "The server does not answer, so nothing was changed. Try again in a moment.";
  document.getElementById("flash-region").replaceChildren(words);
});
