// Rich text as Markdown. Turndown knows HTML; here stands what programs write instead of it, and what is dropped. The text is
// parsed in a document that loads nothing and runs nothing; attributes of style and of events are renamed first, since the policy forbids them.

import TurndownService from "../../vendor/turndown-7.2.5.js";
import { nestLists, wordLists } from "./rich-lists.js";

const DROPPED = "script, style, meta, link, title, template, iframe, object, embed, svg, noscript, select, button, textarea, [hidden], audio, video";
const MONO = /font-family\s*:[^;]*(?:courier|consolas|menlo|monaco|monospace|mono\b)/i;
const STYLED = [
  [/font-weight\s*:\s*(?:bold|[6-9]00)/i, "strong"], [/font-style\s*:\s*italic/i, "em"], [/line-through/i, "del"], [MONO, "code"],
];

export function markdownOf(html) {
  const inert = html.replace(/<(style|script)\b[\s\S]*?<\/\1\s*>/gi, "").replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/\s(style|on\w+)\s*=/gi, " data-$1="));
  const { body } = new DOMParser().parseFromString(inert, "text/html");
  for (const each of body.querySelectorAll(DROPPED)) each.remove();
  for (const each of styled(body, /display\s*:\s*none|mso-hide\s*:\s*all/i)) each.remove();
  wordLists(body);
  nestLists(body);
  tags(body);
  leads(body);
  blocks(body);
  return converter().turndown(body).replace(/\u00a0/g, " ").replace(/[ \t]+$/gm, "").trim();
}

function styled(body, pattern) {
  return [...body.querySelectorAll("[data-style]")].filter((each) => pattern.test(each.dataset.style));
}

function unwrap(element) { element.replaceWith(...element.childNodes); }

// Google Docs wraps all in a <b> that is not bold, and writes its formats as styles of <span>, as others do.
function tags(body) {
  for (const each of body.querySelectorAll("b, strong")) if (/font-weight\s*:\s*(?:normal|400)/i.test(each.dataset.style)) unwrap(each);
  for (const span of body.querySelectorAll("span[data-style], font[data-style]")) {
    if (!span.textContent.trim() || span.closest("pre, code")) continue;
    for (const [pattern, tag] of STYLED) {
      const within = tag === "strong" ? "h1, h2, h3, h4, h5, h6, th, strong, b" : tag;
      if (!pattern.test(span.dataset.style) || span.closest(within)) continue;
      const made = body.ownerDocument.createElement(tag);
      made.append(...span.childNodes);
      span.append(made);
    }
  }
}

// Links that lead somewhere, without the way round over a search engine. A picture elsewhere would not be shown: it is linked.
function leads(body) {
  for (const link of body.querySelectorAll("a")) {
    let address = link.getAttribute("href") ?? "";
    const round = /^https:\/\/www\.google\.com\/url\?(.*)$/.exec(address);
    if (round) address = new URLSearchParams(round[1]).get("q") ?? address;
    link.setAttribute("href", address);
    if (!/^(?:https?:|mailto:|tel:|\/(?!\/))/i.test(address) || !link.textContent.trim()) unwrap(link);
  }
  for (const picture of body.querySelectorAll("img")) {
    const address = picture.getAttribute("src") ?? "";
    const words = picture.alt.trim();
    if (!/^https?:/i.test(address) || picture.closest("a")) picture.replaceWith(words);
    else {
      const link = body.ownerDocument.createElement("a");
      link.href = address;
      link.textContent = words || "picture";
      picture.replaceWith(link);
    }
  }
}

function blocks(body) {
  const make = (tag) => body.ownerDocument.createElement(tag);
  // The title stands above the text, so its highest heading is a second one.
  if (body.querySelector("h1")) {
    for (const each of [...body.querySelectorAll("h1, h2, h3, h4, h5")]) {
      const lower = make(`h${Number(each.tagName[1]) + 1}`);
      lower.append(...each.childNodes);
      each.replaceWith(lower);
    }
  }
  for (const each of body.querySelectorAll("pre")) {
    const code = make("code");
    const language = /(?:language|lang|highlight-source)-(\w+)/.exec(`${each.className} ${each.firstElementChild?.className ?? ""} ${each.parentElement.className}`);
    if (language) code.className = `language-${language[1]}`;
    for (const line of each.querySelectorAll("br")) line.replaceWith("\n");
    code.textContent = each.textContent.replace(/\n$/, "");
    each.replaceChildren(code);
  }
  // A table of one cell a row is a layout.
  for (const each of [...body.querySelectorAll("table")].reverse()) {
    const rows = [...each.rows];
    if (!rows.some((row) => row.cells.length > 1) || each.querySelector("table")) {
      for (const cell of [...each.querySelectorAll("td, th")]) { const part = make("div"); part.append(...cell.childNodes); each.before(part); }
      each.remove();
    }
  }
}

function converter() {
  const made = new TurndownService({ headingStyle: "atx", hr: "---", bulletListMarker: "-", codeBlockStyle: "fenced", emDelimiter: "_" });
  made.keep(["sub", "sup", "kbd", "mark"]);
  made.addRule("strike", { filter: ["del", "s", "strike"], replacement: (words) => (words.trim() ? `~~${words}~~` : words) });
  made.addRule("item", { filter: "li", replacement: item });
  made.addRule("cell", { filter: ["th", "td"], replacement: cell });
  made.addRule("row", { filter: "tr", replacement: row });
  made.addRule("rows", { filter: ["thead", "tbody", "tfoot", "colgroup", "col"], replacement: (words) => words });
  made.addRule("table", { filter: "table", replacement: (words) => `\n\n${words.trim()}\n\n` });
  made.addRule("caption", { filter: "caption", replacement: () => "" });
  return made;
}

function item(words, node) {
  const box = node.querySelector(":scope > input[type=checkbox], :scope > p > input[type=checkbox], :scope > label > input[type=checkbox]");
  const parent = node.parentNode;
  const place = [...parent.children].filter((each) => each.tagName === "LI").indexOf(node) + Number(parent.getAttribute("start") ?? 1);
  const marker = box ? `- [${box.hasAttribute("checked") ? "x" : " "}] ` : parent.tagName === "OL" ? `${place}. ` : "- ";
  return `${marker}${words.trim().replace(/\n{2,}(?=\s*(?:[-*]|\d+\.) )/g, "\n").replace(/\n(?=.)/g, "\n    ")}${node.nextElementSibling ? "\n" : ""}`;
}

function cell(words, node) {
  const first = node.cellIndex === 0 ? "| " : " ";
  const more = " |".repeat(Math.max(0, Math.min(20, node.colSpan - 1)));
  return `${first}${words.trim().replace(/\s*\n\s*/g, " ").replace(/(?<!\\)\|/g, "\\|")} |${more}`;
}

function row(words, node) {
  const table = node.closest("table");
  if (table.rows[0] !== node) return `${words}\n`;
  const rules = [...node.cells].flatMap((each) => Array(Math.min(20, each.colSpan)).fill(aligned(each)));
  return `${words}\n| ${rules.join(" | ")} |\n`;
}

function aligned(node) {
  const said = node.getAttribute("align") ?? /text-align\s*:\s*(\w+)/.exec(node.dataset.style)?.[1];
  return { center: ":---:", right: "---:" }[said] ?? "---";
}
