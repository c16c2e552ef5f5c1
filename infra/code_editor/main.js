// The code editor as one module: CodeMirror for Markdown, with vim's keys when they are wanted. It lives in a shadow root, since its
// styles are then adopted sheets, which a strict policy allows. What it does with the text of the page is its caller's to say.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { Language, defineLanguageFacet, languageDataProp, syntaxHighlighting, HighlightStyle } from "@codemirror/language";
import { search, searchKeymap } from "@codemirror/search";
import { EditorSelection, EditorState } from "@codemirror/state";
import { EditorView, drawSelection, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { GFM, parser } from "@lezer/markdown";
import { Vim, getCM, vim } from "@replit/codemirror-vim";

// Markdown alone: what stands in blocks of code is coloured by the preview.
const data = defineLanguageFacet({ commentTokens: { block: { open: "<!--", close: "-->" } } });
const markdown = new Language(data, parser.configure([GFM, { props: [languageDataProp.add({ Document: data })] }]), [], "markdown");

const look = HighlightStyle.define([
  { tag: tags.heading, fontWeight: "700" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.link, tags.url], color: "var(--accent)" },
  { tag: [tags.monospace, tags.labelName], color: "var(--code-string)" },
  { tag: [tags.processingInstruction, tags.comment, tags.contentSeparator], color: "var(--ink-soft)" },
  { tag: tags.quote, color: "var(--ink-soft)" },
]);

// `handlers` are those of `EditorView.domEventHandlers`, `changed` and `moved` are told of each change of text and selection.
export function create({ host, text, label, theme, withVim, handlers, changed, moved, save }) {
  const root = host.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        withVim ? vim({ status: true }) : [],
        history(),
        drawSelection(),
        search({ top: true }),
        markdown,
        syntaxHighlighting(look),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "true", autocapitalize: "sentences" }),
        EditorView.theme(theme),
        EditorView.domEventHandlers(handlers),
        keymap.of([...defaultKeymap.filter(({ key }) => key !== "Mod-i"), ...historyKeymap, ...searchKeymap]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed();
          if (update.docChanged || update.selectionSet) moved();
        }),
      ],
    }),
  });
  if (withVim) Vim.defineEx("write", "w", save);
  return view;
}

// Whether keys are typed as letters now: always, but for vim's normal mode.
export function types(view) {
  const state = getCM(view)?.state.vim;
  return !state || state.insertMode;
}

export { EditorSelection };
