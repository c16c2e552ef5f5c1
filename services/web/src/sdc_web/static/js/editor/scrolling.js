// Text and preview scroll together: where a block of the one stands, the block that it became stands in the other. Who scrolls
// leads; the other follows, and does not answer. Where blocks cannot be told apart, as with raw HTML, it is by proportion.

import { area, surface } from "./surface.js";

export function follow(frame) {
  let lines = [];
  let points = null; // pairs of heights that belong together, from the top; null: to be measured
  let leader = "text";

  const view = () => frame.contentDocument.scrollingElement;
  const text = () => surface.scroller;
  // The theme may scroll smoothly; what follows must not lag behind.
  const put = (element, top) => element.scrollTo({ top, behavior: "instant" });
  const room = (element) => Math.max(0, element.scrollHeight - element.clientHeight);

  function attach() {
    const page = frame.contentWindow;
    for (const type of ["wheel", "touchstart", "pointerdown", "keydown"]) {
      area.parentElement.addEventListener(type, () => { leader = "text"; }, { passive: true });
      page.addEventListener(type, () => { leader = "page"; }, { passive: true });
    }
    area.addEventListener("input", () => { leader = "text"; });
    page.addEventListener("scroll", () => { if (leader === "page") go(view(), text(), 1); });
    area.addEventListener("surface", listen);
    listen();
    // Pictures that arrive, and windows that change, move everything below.
    new page.ResizeObserver(() => { points = null; }).observe(page.document.body);
  }

  function listen() {
    text().addEventListener("scroll", () => { if (leader === "text") go(text(), view(), 0); });
    new ResizeObserver(() => { points = null; }).observe(text());
  }

  function measure(fresh, part) {
    lines = fresh;
    points = null;
    if (part !== null) put(view(), part * room(view()));
    else if (leader === "text") go(text(), view(), 0);
  }

  function go(from, to, side) {
    if (room(text()) < 2) return;
    points ??= pairs();
    const at = from.scrollTop;
    let index = points.findIndex((point) => point[side] > at);
    if (index < 1) index = index < 0 ? points.length - 1 : 1;
    const [low, high] = [points[index - 1], points[index]];
    const part = high[side] > low[side] ? (at - low[side]) / (high[side] - low[side]) : 0;
    put(to, low[1 - side] + Math.min(1, part) * (high[1 - side] - low[1 - side]));
  }

  function pairs() {
    const end = [room(text()), room(view())];
    const blocks = [...frame.contentDocument.querySelectorAll(".e-content > :not(.footnotes)")];
    const found = [[0, 0]];
    if (blocks.length === lines.length) {
      const heights = (surface.tops ?? tops)(lines);
      const top = view().scrollTop;
      for (const [index, block] of blocks.entries()) {
        const point = [heights[index], block.getBoundingClientRect().top + top];
        const last = found.at(-1);
        if (point[0] > last[0] && point[1] > last[1] && point[0] < end[0] && point[1] < end[1]) found.push(point);
      }
    }
    found.push(end);
    return found;
  }
  return { attach, measure };
}

// As the text is wrapped now: measured in a copy that nobody sees.
function tops(lines) {
  const look = getComputedStyle(area);
  const copy = document.createElement("div");
  for (const name of ["font", "letterSpacing", "lineHeight", "tabSize", "paddingLeft", "paddingRight", "paddingTop"]) copy.style[name] = look[name];
  Object.assign(copy.style, {
    position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word", boxSizing: "border-box",
    inlineSize: `${area.clientWidth}px`, insetBlockStart: "0",
  });
  const text = area.value.split("\n");
  const marks = lines.map((line, index) => {
    const mark = document.createElement("span");
    const before = lines[index - 1] ?? 0;
    copy.append(line > before ? `${text.slice(before, line).join("\n")}\n` : "", mark);
    return mark;
  });
  document.body.append(copy);
  const found = marks.map((mark) => mark.offsetTop);
  copy.remove();
  return found;
}
