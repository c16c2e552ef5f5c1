// Fields of a moment are in UTC, which is what the server knows. Here each is written in the author's own time instead: a field
// without a name stands in its place and writes into it. What it comes to in UTC is said below.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const form = document.querySelector("form[data-editor]");
const two = (number) => String(number).padStart(2, "0");
const moment = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}${at.getSeconds() ? `:${two(at.getSeconds())}` : ""}`;
const known = (text) => text && !Number.isNaN(new Date(text).getTime());

function localised(utc) {
  const own = utc.cloneNode();
  const label = form.querySelector(`label[for="${utc.id}"]`);
  label.textContent = label.textContent.replace("(UTC)", `(${zone.replaceAll("_", " ")})`);
  own.removeAttribute("name");
  const line = Object.assign(document.createElement("p"), { className: "field-help" });
  line.setAttribute("aria-live", "polite");
  utc.removeAttribute("id");
  utc.type = "hidden";
  utc.before(own);
  utc.parentElement.append(line);
  const show = () => {
    line.hidden = !known(`${utc.value}Z`);
    line.textContent = line.hidden ? "" : `That is ${utc.value.replace("T", ", ")} UTC.`;
  };
  // Whatever else writes into the form, such as a text that is brought back, is shown too.
  const read = () => {
    own.value = known(`${utc.value}Z`) ? moment(new Date(`${utc.value}Z`)) : "";
    show();
  };
  own.addEventListener("input", () => {
    utc.value = known(own.value) ? new Date(own.value).toISOString().replace(/(?::00)?\.000Z$/, "") : "";
    show();
  });
  form.addEventListener("input", ({ target }) => { if (target !== own) read(); });
  read();
}

if (zone !== "UTC") form.querySelectorAll("input[data-local]").forEach(localised);
