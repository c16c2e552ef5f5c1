// Suggestions for the tag that is being typed, among others parted by commas: a combobox with a list, by the ARIA guide.

const field = document.querySelector("[data-tags]");
const list = document.querySelector("[data-tag-list]");
const known = new Set([...document.querySelectorAll("#known-tags option")].map((option) => option.value));
// The page tells those carried most; the server is asked for others, and the field does not wait for it.
const asked = new Set();
const MOST = 8;
let active = -1;

// The field's own list knows one value only; this one takes its place.
field.removeAttribute("list");
field.autocomplete = "off";
field.setAttribute("role", "combobox");
field.setAttribute("aria-autocomplete", "list");
field.setAttribute("aria-controls", list.id);
close();

async function ask() {
  const { typed } = part();
  if (!typed || asked.has(typed)) return;
  asked.add(typed);
  try {
    const answer = await fetch(`/author/tag-choices?${new URLSearchParams({ q: typed })}`);
    if (!answer.ok || answer.redirected) return;
    for (const name of (await answer.text()).split("\n").filter(Boolean)) known.add(name);
  } catch {
    asked.delete(typed);
  }
  // Nobody's choice is taken away by an answer that comes late.
  if (active < 0 && document.activeElement === field) suggest();
}

// The part between the commas around the caret.
function part() {
  const caret = field.selectionStart;
  const from = field.value.lastIndexOf(",", caret - 1) + 1;
  const comma = field.value.indexOf(",", caret);
  const to = comma < 0 ? field.value.length : comma;
  return { from, to, typed: field.value.slice(from, to).trim().toLowerCase() };
}

function suggest() {
  const { typed, from, to } = part();
  const others = `${field.value.slice(0, from)},${field.value.slice(to)}`.split(",").map((each) => each.trim().toLowerCase());
  const fitting = typed ? [...known].filter((tag) => tag.toLowerCase().includes(typed) && tag.toLowerCase() !== typed && !others.includes(tag.toLowerCase())) : [];
  fitting.sort((one, other) => other.toLowerCase().startsWith(typed) - one.toLowerCase().startsWith(typed));
  if (!fitting.length) return close();
  list.replaceChildren(...fitting.slice(0, MOST).map((tag, index) => {
    const option = document.createElement("li");
    option.id = `tag-option-${index}`;
    option.setAttribute("role", "option");
    option.textContent = tag;
    return option;
  }));
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
  mark(-1);
}

function mark(index) {
  active = index;
  for (const [at, option] of [...list.children].entries()) option.setAttribute("aria-selected", String(at === index));
  if (index < 0) field.removeAttribute("aria-activedescendant");
  else field.setAttribute("aria-activedescendant", list.children[index].id);
}

function close() {
  list.hidden = true;
  field.setAttribute("aria-expanded", "false");
  mark(-1);
}

function choose(tag) {
  const { from, to } = part();
  const head = from ? `${field.value.slice(0, from).trimEnd()} ` : "";
  const caret = head.length + tag.length;
  field.value = `${head}${tag}${field.value.slice(to)}`;
  field.setSelectionRange(caret, caret);
  close();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

field.addEventListener("input", () => {
  suggest();
  ask();
});
field.addEventListener("blur", close);
field.addEventListener("keydown", (event) => {
  if (list.hidden) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const many = list.children.length;
  if (step) mark(active < 0 ? (step > 0 ? 0 : many - 1) : (active + step + many) % many);
  else if (event.key === "Enter" && active >= 0) choose(list.children[active].textContent);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});
list.addEventListener("mousedown", (event) => {
  event.preventDefault();
  if (event.target.role === "option") choose(event.target.textContent);
});
// It came while somebody typed already.
if (document.activeElement === field) {
  suggest();
  ask();
}
