// A finding leads to its place in the text: a click puts the cursor there. Without it the link leads to the field.

import { surface } from "./editor/surface.js";

const body = document.getElementById("field-body");

function select(line) {
  const lines = body.value.split("\n");
  const at = Math.min(line, lines.length) - 1;
  const start = lines.slice(0, at).reduce((sum, each) => sum + each.length + 1, 0);
  if (body.hidden) {
    // A code editor stands in its place.
    surface.focus();
    surface.select(start, start + lines[at].length);
    return;
  }
  body.focus({ preventScroll: true });
  body.setSelectionRange(start, start + lines[at].length);
  // Browsers scroll to a cursor that moves by a key, not by this: so by the rows that the lines before it take.
  const columns = body.clientWidth / (0.6 * parseFloat(getComputedStyle(body).fontSize));
  const rows = (some) => some.reduce((sum, each) => sum + Math.max(1, Math.ceil(each.length / columns)), 0);
  const down = (rows(lines.slice(0, at)) / rows(lines)) * body.scrollHeight;
  if (body.scrollHeight > body.clientHeight + 1) body.scrollTop = down - body.clientHeight / 2;
  else scrollTo(0, scrollY + body.getBoundingClientRect().top + down - innerHeight / 2);
}

addEventListener("click", (event) => {
  const link = event.target.closest?.(".checks a[data-target]");
  if (!link) return;
  event.preventDefault();
  if (link.dataset.line) select(Number(link.dataset.line));
  else document.getElementById(link.dataset.target)?.focus();
});

const line = Number(new URLSearchParams(location.search).get("line"));
if (line > 0) select(line);
