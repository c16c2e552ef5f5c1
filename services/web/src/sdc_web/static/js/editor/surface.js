// The one place that changes the text: every tool asks for it here, so that undo, autosave and the code editor hear of it.
// An edit is {from, to, insert} with the selection {start, end} after it, where that is not the end of what was inserted.

export const area = document.getElementById("field-body");

// The textarea itself; a code editor may take its place, with the same functions, and `tops`: how far below the top of the text
// each of some lines begins.
const plain = {
  get text() { return area.value; },
  get selection() { return { start: area.selectionStart, end: area.selectionEnd }; },
  select(start, end) { area.setSelectionRange(start, end); },
  focus() { area.focus({ preventScroll: true }); },
  scroller: area,
  // Through the browser's own editing command, so that Ctrl+Z takes it back and an input event sets off the autosave.
  put({ from, to, insert }) {
    area.focus({ preventScroll: true });
    area.setSelectionRange(from, to);
    if (document.execCommand(insert ? "insertText" : "delete", false, insert) || (!insert && from === to)) return;
    area.setRangeText(insert, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  },
};

export let surface = plain;
export function use(other) {
  surface = other;
  area.dispatchEvent(new Event("surface"));
}

export function state() { return { text: surface.text, ...surface.selection }; }

export function apply(edit) {
  if (!edit) return;
  for (const one of [edit].flat()) {
    surface.put(one);
    if (one.start !== undefined) surface.select(one.start, one.end ?? one.start);
  }
}

// A change elsewhere in the text while the author works here: their selection and their focus stay where they are.
export async function replaceAway(old, insert) {
  await composed();
  const from = surface.text.indexOf(old);
  if (from < 0) return false;
  const to = from + old.length;
  const focused = document.activeElement;
  const moved = (at) => (at >= to ? at + insert.length - old.length : Math.min(at, from + insert.length));
  const { start, end } = surface.selection;
  surface.put({ from, to, insert });
  surface.select(moved(start), moved(end));
  if (focused !== document.activeElement) focused.focus?.({ preventScroll: true });
  return true;
}

// Letters that an input method still composes would be lost by a change under them.
let composing = null;
area.addEventListener("compositionstart", () => { composing ??= Promise.withResolvers(); });
area.addEventListener("compositionend", () => { composing?.resolve(); composing = null; });
function composed() { return composing?.promise; }
