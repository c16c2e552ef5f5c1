// The code editor in the textarea's place, for who chose it: CodeMirror, with vim's keys if wanted. The textarea stays the form's
// field: every change is written into it at once, so saving, rescue and everything else know no difference.

import { keydown } from "./formatting.js";
import { take } from "./pasting.js";
import { newline } from "./commands.js";
import { apply, area, state, use } from "./surface.js";
import { create, types } from "../../vendor/code-editor-1.js";

const THEME = {
  "&": { color: "var(--ink)", backgroundColor: "var(--raised)", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { font: "inherit", lineHeight: "1.65" },
  ".cm-content": { padding: "var(--space-m)", caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  "& .cm-fat-cursor": { background: "var(--accent)", color: "var(--on-accent)" },
  "&:not(.cm-focused) .cm-fat-cursor": { background: "none", outline: "1px solid var(--accent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--accent-soft)" },
  ".cm-panels": { backgroundColor: "var(--sunk)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-panels :is(.cm-textfield, .cm-button)": { border: "1px solid var(--line-strong)", borderRadius: "0.25rem", background: "var(--raised)", color: "var(--ink)" },
  ".cm-panels :is(.cm-textfield, .cm-button, label, input)": { font: "inherit", fontSize: "0.875rem" },
  ".cm-panels [name='close']": { color: "inherit" },
  ".cm-searchMatch": { backgroundColor: "var(--mark)" },
};

export function begin({ withVim, save }) {
  const host = document.createElement("div");
  host.className = "editor-code";
  host.dataset.codeEditor = "";
  area.after(host);
  area.hidden = true;
  const within = document.activeElement === area;
  let writing = false;

  const view = create({
    host,
    text: area.value,
    label: "Text, in Markdown",
    theme: THEME,
    withVim,
    save,
    handlers: {
      paste(event) {
        take(event);
        return event.defaultPrevented;
      },
      // Pictures are taken by the frame around; CodeMirror would read them as text.
      drop: (event) => event.dataTransfer.files.length > 0,
      keydown(event) {
        if (!types(view) || event.key === "Tab" || event.isComposing) return false;
        const bare = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
        const next = event.key === "Enter" && bare ? newline(state()) : null;
        if (next) {
          event.preventDefault();
          apply(next);
        } else keydown(event);
        return event.defaultPrevented;
      },
    },
    changed() {
      writing = true;
      area.value = view.state.doc.toString();
      area.dispatchEvent(new Event("input", { bubbles: true }));
      writing = false;
    },
    moved() {
      const { from, to } = view.state.selection.main;
      area.setSelectionRange(from, to);
    },
  });

  const code = {
    get text() { return view.state.doc.toString(); },
    get selection() {
      const { from, to } = view.state.selection.main;
      return { start: from, end: to };
    },
    select: (start, end) => view.dispatch({ selection: { anchor: start, head: end }, scrollIntoView: true }),
    focus: () => view.focus(),
    scroller: view.scrollDOM,
    tops: (lines) => lines.map((line) => view.lineBlockAt(view.state.doc.line(Math.min(line + 1, view.state.doc.lines)).from).top),
    put({ from, to, insert }) {
      view.focus();
      view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: "input" });
    },
  };
  use(code);
  code.select(area.selectionStart, area.selectionEnd);
  if (within) view.focus();

  // What a rescue or another script put into the field comes here. Who focuses the field means the text.
  area.form.addEventListener("input", () => {
    if (writing || area.value === code.text) return;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: area.value } });
  });
  area.focus = () => view.focus();
}
