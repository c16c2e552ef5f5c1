// Enter in a field of one line would press the first button of the form. In the title, which wraps and yet is one line, it leads on
// to the text; elsewhere it saves.

import { area, surface } from "./surface.js";

const form = area.form;
const { title } = form.elements;

form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented || event.isComposing) return;
  if (event.target !== title && !event.target.matches("input")) return;
  event.preventDefault();
  if (event.target === title) surface.focus();
  else form.dispatchEvent(new CustomEvent("save"));
});

// Pasted lines become one, before anybody is told of them.
title.addEventListener("input", () => {
  if (!title.value.includes("\n")) return;
  const caret = title.selectionStart;
  title.value = title.value.replace(/\s*\n\s*/g, " ");
  title.setSelectionRange(caret, caret);
});
