// What is pasted: an address on chosen words is a link, rich text and tables become Markdown, everything else is the browser's
// own, and so is all of it with Ctrl+Shift+V and within code. Pictures are in attaching.js.

import { linked, placed, withinCode } from "./commands.js";
import { apply, area, state } from "./surface.js";

const RICH = /<(?:a|b|strong|em|i|del|s|h[1-6]|ul|ol|table|pre|code|blockquote|hr)[\s>]|mso-list|font-(?:weight|style)\s*:/i;
let plainly = false; // Ctrl+Shift+V: some browsers tell of the rich text all the same

addEventListener("keydown", (event) => { plainly = event.shiftKey && event.key.toLowerCase() === "v"; }, true);
addEventListener("keyup", () => { plainly = false; }, true);

export function take(event) {
  if (event.defaultPrevented || plainly) return;
  const data = event.clipboardData;
  const text = data.getData("text/plain");
  const now = state();
  const link = linked(now, text.trim());
  if (link) {
    event.preventDefault();
    apply(link);
    return;
  }
  if (withinCode(now.text, now.start) || data.types.includes("vscode-editor-data")) return;
  const html = data.getData("text/html");
  const cells = tableOf(text);
  if (!RICH.test(html) && !(cells && !html)) return;
  event.preventDefault();
  if (cells && !html) put(cells);
  // Loaded by who needs it. When that fails, the words are there all the same.
  else import("./rich.js").then(({ markdownOf }) => put(markdownOf(html) || text), () => put(text));
}

function put(words) {
  apply(placed(state(), words.replaceAll("\r\n", "\n")));
}

// Rows of a spreadsheet that came as text alone: as many tabs in each.
function tableOf(text) {
  const rows = text.replace(/\r?\n$/, "").split(/\r?\n/).map((row) => row.split("\t"));
  if (rows.length < 2 || rows[0].length < 2 || rows.some((row) => row.length !== rows[0].length)) return "";
  const line = (row) => `| ${row.map((cell) => cell.trim().replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(rows[0]), line(rows[0].map(() => "---")), ...rows.slice(1).map(line)].join("\n");
}

area.addEventListener("paste", take);
