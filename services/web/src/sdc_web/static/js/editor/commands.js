// What the toolbar and the keys do: functions of {text, start, end} that answer with an edit for `surface.apply`, or with
// nothing. None touches the page.

const MARKER = /^((?:> ?)*)([ \t]*)(?:([-*+])( \[[ xX]\])?|(\d{1,9})([.)]))( +|$)/;
const QUOTED = /^((?:> ?)+)/;
const STEP = "    ";

export const bold = (now) => around(now, "**");
export const italic = (now) => around(now, "_");
export const strike = (now) => around(now, "~~");
export const code = (now) => around(now, "`");
export const bullets = (now) => listed(now, { is: /^\s*[-*+] (?!\[[ xX]\] )/, marker: () => "- " });
export const numbers = (now) => listed(now, { is: /^\s*\d{1,9}[.)] /, marker: (index) => `${index + 1}. ` });
export const tasks = (now) => listed(now, { is: /^\s*[-*+] \[[ xX]\] /, marker: () => "- [ ] " });
export const quote = (now) => perLine(now, (lines) => {
  const all = lines.every((line) => line.startsWith(">"));
  return lines.map((line) => (all ? line.replace(/^> ?/, "") : `> ${line}`));
});
export const indent = (now) => perLine(now, (lines) => lines.map((line) => (line || lines.length === 1 ? STEP + line : line)));
export const outdent = (now) => perLine(now, (lines) => lines.map((line) => line.replace(/^(?: {1,4}|\t)/, "")));

// Nothing, then ##, ### and ####, then nothing again: the title of the page is the only heading above them.
export const heading = (now) => perLine(now, (lines) => lines.map((line) => {
  const [, marks, rest] = /^(#{0,6}) *(.*)$/.exec(line);
  const next = marks.length === 0 ? 2 : marks.length + 1;
  return next > 4 ? rest : `${"#".repeat(next)} ${rest}`;
}));

// What stands in paragraphs of its own takes whole lines: half a line is never left behind.
export function codeBlock(now) {
  const { from, to, chosen, before, after } = lines(now);
  const longest = Math.max(2, ...[...chosen.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return { from, to, insert: `${before}${fence}\n${chosen}\n${fence}${after}`, start: from + before.length + fence.length };
}

export function callout(now) {
  const { from, to, chosen, before, after } = lines(now);
  const kind = from + before.length + "> [!".length;
  const insert = `${before}> [!NOTE]\n${chosen.replace(/^/gm, "> ")}${after}`;
  return { from, to, insert, start: kind, end: kind + "NOTE".length };
}

export function table({ text, start, end }) {
  const at = lines({ text, start, end }).to;
  const { before, after } = apart(text, at, at);
  const first = at + before.length + "| ".length;
  const insert = `${before}| Heading | Heading |\n| --- | --- |\n|  |  |${after}`;
  return { from: at, to: at, insert, start: first, end: first + "Heading".length };
}

// The note comes first, so that its place is still true when the mark is put in; typing goes on in the note.
export function footnote({ text, end }) {
  const taken = [...text.matchAll(/\[\^(\d+)\]/g)].map(([, number]) => Number(number));
  const mark = `[^${Math.max(0, ...taken) + 1}]`;
  const gap = text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  const note = `${gap}${mark}: `;
  const whole = text.length + note.length + mark.length;
  return [{ from: text.length, to: text.length, insert: note }, { from: end, to: end, insert: mark, start: whole }];
}

export function link({ text, start, end }) {
  const chosen = text.slice(start, end);
  if (isAddress(chosen.trim())) return { from: start, to: end, insert: `[](${chosen.trim()})`, start: start + 1 };
  const at = start + chosen.length + (chosen ? 3 : 1);
  return { from: start, to: end, insert: `[${chosen}]()`, start: at };
}

// An address pasted on words makes them a link. Nothing where they are an address themselves, or stand in one already.
export function linked({ text, start, end }, pasted) {
  const chosen = text.slice(start, end);
  if (!chosen.trim() || chosen.includes("\n") || isAddress(chosen.trim()) || !isAddress(pasted)) return null;
  if (text.slice(0, start).endsWith("](") || text.slice(0, start).endsWith("<")) return null;
  return { from: start, to: end, insert: `[${chosen}](${pasted})` };
}

// What was made elsewhere, in paragraphs of its own when it is more than a line. A table at the end is left behind, since
// what is typed at its last row would be a cell of it.
export function placed({ text, start, end }, insert) {
  if (!/\n|^(?:#{1,6} |[-*>|] |\d+\. |```)/.test(insert)) return { from: start, to: end, insert };
  if (/\|$/.test(insert) && end === text.length) return alone({ text, start, end }, insert);
  const { before, after } = apart(text, start, end);
  return { from: start, to: end, insert: before + insert + after, start: start + before.length + insert.length };
}

// Pictures stand by themselves; but in a list, a quote, a cell or code they stay where they were put.
export function pictured({ text, start, end }, insert) {
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const rest = text.slice(end).split("\n", 1)[0];
  const cell = /^\s*\|/.test(line) && (rest.trim() || !/\|\s*$/.test(line));
  if (cell || /^\s*(?:[-*+>]|\d+[.)])\s/.test(line) || withinCode(text, start)) return { from: start, to: end, insert };
  return alone({ text, start, end }, insert);
}

// In paragraphs of its own; one types on below.
function alone({ text, start, end }, insert) {
  const { before, after } = apart(text, start, end);
  const below = end === text.length ? "\n\n" : after;
  return { from: start, to: end, insert: before + insert + below };
}

export function isAddress(text) { return /^(?:https?:\/\/|mailto:)[^\s<>"]+$/i.test(text); }

// Enter goes on with a list, a quote, a task; on an empty one it ends that.
export function newline({ text, start, end }) {
  if (start !== end || withinCode(text, start)) return null;
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const line = text.slice(from, start);
  // What follows a list or a quote without a blank line between would be a part of it.
  const apart = /[^>\s]/.test(text.slice(text.lastIndexOf("\n", from - 2) + 1, from)) ? "\n" : "";
  const found = MARKER.exec(line);
  if (!found) {
    const quoted = QUOTED.exec(line)?.[1];
    if (!quoted) return null;
    return line.trim() === quoted.trim() ? { from, to: start, insert: apart } : { from: start, to: end, insert: `\n${quoted}` };
  }
  const [whole, quoted, spaces, bullet, task, number, after] = found;
  if (line.length === whole.length && !text.slice(start).match(/^[^\n]/)) return { from, to: start, insert: (apart && quoted.trimEnd() + apart) + quoted };
  const next = bullet ? `${bullet}${task ? " [ ]" : ""}` : `${Number(number) + 1}${after}`;
  return { from: start, to: end, insert: `\n${quoted}${spaces}${next} ` };
}

// On again means off: the marks go when they stand around the words already.
function around({ text, start, end }, mark) {
  [start, end] = start === end ? word(text, start) : trimmed(text, start, end);
  const chosen = text.slice(start, end);
  const size = mark.length;
  const inside = chosen.length > 2 * size && chosen.startsWith(mark) && chosen.endsWith(mark);
  if (inside) return { from: start, to: end, insert: chosen.slice(size, -size), start, end: end - 2 * size };
  if (text.slice(start - size, start) === mark && text.slice(end, end + size) === mark) {
    return { from: start - size, to: end + size, insert: chosen, start: start - size, end: end - size };
  }
  return { from: start, to: end, insert: mark + chosen + mark, start: start + size, end: end + size };
}

function trimmed(text, start, end) {
  const chosen = text.slice(start, end);
  return chosen.trim() ? [start + chosen.search(/\S/), start + chosen.trimEnd().length] : [start, end];
}

// The word around the caret, when it stands within one.
function word(text, at) {
  const before = /[\p{L}\p{N}]*$/u.exec(text.slice(Math.max(0, at - 100), at))[0].length;
  const after = /^[\p{L}\p{N}]*/u.exec(text.slice(at, at + 100))[0].length;
  return before && after ? [at - before, at + after] : [at, at];
}

// All of that kind already: they are no list any more. Else every line becomes an item, whatever it was.
function listed(now, { is, marker }) {
  return perLine(now, (lines) => {
    const items = lines.length === 1 ? lines : lines.filter((line) => line.trim());
    const off = items.every((line) => is.test(line));
    let index = -1;
    return lines.map((line) => {
      if (!items.includes(line)) return line;
      index += 1;
      const [, spaces, words] = /^(\s*)(?:[-*+](?: \[[ xX]\])? |\d{1,9}[.)] )?(.*)$/.exec(line);
      return spaces + (off ? "" : marker(index)) + words;
    });
  });
}

// The lines of the selection, changed together; the selection then holds them, or stays a caret.
function perLine(now, change) {
  const { from, to, chosen } = lines(now);
  const insert = change(chosen.split("\n")).join("\n");
  if (now.start !== now.end) return { from, to, insert, start: from, end: from + insert.length };
  return { from, to, insert, start: Math.max(from, now.start + insert.length - (to - from)) };
}

function lines({ text, start, end }) {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const after = text.indexOf("\n", end > start && text[end - 1] === "\n" ? end - 1 : end);
  const to = after < 0 ? text.length : after;
  return { from, to, chosen: text.slice(from, to), ...apart(text, from, to) };
}

// Blank lines around what stands in a paragraph of its own.
function apart(text, start, end) {
  const head = text.slice(0, start), tail = text.slice(end);
  const before = !head || head.endsWith("\n\n") ? "" : head.endsWith("\n") ? "\n" : "\n\n";
  const after = !tail || tail.startsWith("\n\n") ? "" : tail.startsWith("\n") ? "\n" : "\n\n";
  return { before, after };
}

export function withinCode(text, at) {
  let open = "";
  for (const [, fence] of text.slice(0, at).matchAll(/^ {0,3}(`{3,}|~{3,})/gm)) {
    if (!open) open = fence;
    else if (fence[0] === open[0] && fence.length >= open.length) open = "";
  }
  return open !== "";
}
