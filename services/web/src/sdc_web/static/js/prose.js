// What a script adds to a text. Without one, code is copied as any words are, and all that could scroll can be tabbed to.

// Only what scrolls is a stop for the keyboard, and a group with a name for those who listen.
const names = new Map();
const look = (blocks) => {
  for (const block of blocks) {
    const scrolls = block.scrollWidth > block.clientWidth || block == document.activeElement;
    for (const [name, value] of names.get(block)) scrolls ? block.setAttribute(name, value) : block.removeAttribute(name);
  }
};
const sizes = new ResizeObserver((seen) => look(seen.map(({ target }) => target)));
for (const block of document.querySelectorAll(".prose [role=group][tabindex='0']")) {
  names.set(block, ["role", "aria-label", "tabindex"].map((name) => [name, block.getAttribute(name)]));
  sizes.observe(block);
}
// Fonts that come later make lines longer, and no block larger.
document.fonts.ready.then(() => look(names.keys()));

// A button on each code block copies its text, where the page may write to the clipboard, and says so to everybody.
if (navigator.clipboard) {
  const said = document.createElement("p");
  said.className = "visually-hidden";
  said.lang = "en";
  said.setAttribute("role", "status");
  for (const block of document.querySelectorAll(".prose .highlight")) {
    const button = document.createElement("button");
    button.type = "button";
    button.lang = "en";
    button.className = "copy-code";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(block.querySelector("pre").innerText.replace(/\n$/, ""));
        button.textContent = said.textContent = "Copied";
      } catch {
        button.textContent = said.textContent = "Not allowed";
      }
      setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 2000);
    });
    block.append(button);
    if (!said.isConnected) block.closest(".prose").append(said);
  }
}
