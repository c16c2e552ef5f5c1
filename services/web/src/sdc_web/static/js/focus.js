// The point that stays in view, by a click on the picture. The fields follow, and are themselves the way of the keyboard.

const picture = document.querySelector("[data-focus]");
const form = document.getElementById("media-words-form");

function show() {
  const [x, y] = ["focus_x", "focus_y"].map((name) => Math.min(100, Math.max(0, Number(form.elements[name].value) || 0)));
  for (const line of picture.querySelectorAll("[data-focus-cross]")) line.setAttribute("d", `M${x} 0V100M0 ${y}H100`);
  for (const cut of form.querySelectorAll(".focus-cut .picture")) {
    cut.className = `picture focus-x-${Math.round(x / 10)} focus-y-${Math.round(y / 10)}`;
  }
}

if (picture && form) {
  picture.classList.add("is-live");
  form.querySelector("[data-focus-words]").removeAttribute("data-comes");
  picture.addEventListener("click", (event) => {
    const frame = picture.getBoundingClientRect();
    form.elements.focus_x.value = Math.round((100 * (event.clientX - frame.left)) / frame.width);
    form.elements.focus_y.value = Math.round((100 * (event.clientY - frame.top)) / frame.height);
    show();
  });
  form.addEventListener("input", show);
}
