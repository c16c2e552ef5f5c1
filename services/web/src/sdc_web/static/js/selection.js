// Several texts at once: one box that ticks all on the page, and how many are ticked. Without it each is ticked by hand.

const boxes = (form) => [...form.querySelectorAll("tbody input[type=checkbox]")];

function show(form) {
  const all = form.querySelector("[data-all]");
  const ticked = boxes(form).filter((box) => box.checked).length;
  all.removeAttribute("data-comes");
  all.firstElementChild.checked = ticked > 0 && ticked === boxes(form).length;
  all.firstElementChild.indeterminate = ticked > 0 && ticked < boxes(form).length;
  form.querySelector("[data-selected]").textContent = ticked ? `${ticked} selected` : "";
}

function showAll() {
  for (const form of document.querySelectorAll("form[data-selection]")) show(form);
}

addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-selection]");
  if (!form) return;
  if (event.target.closest("[data-all]")) for (const box of boxes(form)) box.checked = event.target.checked;
  show(form);
});
addEventListener("htmx:after:swap", showAll);
showAll();
