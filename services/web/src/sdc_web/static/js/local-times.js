// Moments are written in UTC, which is what the server knows. Here they are told in the reader's own time as well, or
// alone where they stand in lists, with UTC behind them.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const words = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const own = (at) => `${words.format(at)} in ${zone.replaceAll("_", " ")}`;

function tell(time) {
  const at = new Date(time.dateTime);
  if (time.dataset.told === time.dateTime || Number.isNaN(at.getTime())) return;
  time.dataset.told = time.dateTime;
  if (time.dataset.local === "alone") {
    time.title = time.textContent;
    time.textContent = words.format(at);
  } else time.append(` (${own(at)})`);
}

// A field of a moment in UTC says below what it means here.
function follow(field) {
  if (field.dataset.followed) return;
  field.dataset.followed = "yes";
  const line = document.createElement("p");
  line.className = "field-help";
  line.setAttribute("aria-live", "polite");
  const show = () => {
    const at = new Date(`${field.value}Z`);
    line.textContent = field.value && !Number.isNaN(at.getTime()) ? `That is ${own(at)}.` : "";
    line.hidden = !line.textContent;
  };
  field.parentElement.append(line);
  field.addEventListener("input", show);
  show();
}

function look() {
  if (zone === "UTC") return;
  document.querySelectorAll("time[data-local]").forEach(tell);
  document.querySelectorAll("input[data-local]").forEach(follow);
}

look();
document.addEventListener("htmx:after:swap", look);
