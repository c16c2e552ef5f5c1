// Lists as Word and Google Docs write them, made the lists that they mean.

const LIST = /mso-list\s*:\s*\S+\s+level(\d)/i;
const IGNORED = /mso-list\s*:\s*ignore/i;
const NUMBERED = /^\s*(?:\d+|[a-z]|[ivxlc]+)[.)]/i;

// Word has no lists: paragraphs that say their level, and whose first words are the mark.
export function wordLists(body) {
  const make = (tag) => body.ownerDocument.createElement(tag);
  let stack = []; // the lists that are open, the outermost first
  let last = null;
  for (const each of [...body.querySelectorAll("p, h1, h2, h3, h4, h5, h6, table, div")]) {
    const level = Number(LIST.exec(each.dataset.style ?? "")?.[1] ?? 0);
    if (!level) continue;
    const mark = [...each.querySelectorAll("[data-style]")].find((part) => IGNORED.test(part.dataset.style));
    const tag = NUMBERED.test(mark?.textContent ?? "") ? "ol" : "ul";
    mark?.remove();
    if (last?.nextElementSibling !== each) stack = [];
    stack.length = Math.min(stack.length, level);
    if (stack[level - 1] && stack[level - 1].localName !== tag) stack.length = level - 1;
    while (stack.length < level) {
      const list = make(tag);
      const above = stack.at(-1);
      if (above) (above.lastElementChild ?? above.appendChild(make("li"))).append(list);
      else each.before(list);
      stack.push(list);
    }
    const item = make("li");
    item.append(...each.childNodes);
    stack.at(-1).append(item);
    // What follows the paragraph follows the list now.
    last = stack[0];
    each.remove();
  }
}

// A list that stands in a list, not in an item of it, belongs to the item before. A paragraph alone in an item is none.
export function nestLists(body) {
  for (const list of [...body.querySelectorAll("ul > ul, ul > ol, ol > ul, ol > ol")]) {
    const item = list.previousElementSibling;
    if (item?.localName === "li") item.append(list);
  }
  for (const paragraph of [...body.querySelectorAll("li > p:first-child")]) {
    if (paragraph.parentElement.querySelectorAll(":scope > p").length === 1) paragraph.replaceWith(...paragraph.childNodes);
  }
}
