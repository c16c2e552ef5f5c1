// Moments are written in UTC, which is what the server knows. Here they are told in the reader's own time as well, or
// alone where they stand in lists, with UTC behind them.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const words = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

function tell(time) {
  const at = new Date(time.dateTime);
  if (time.dataset.told === time.dateTime || Number.isNaN(at.getTime())) return;
  time.dataset.told = time.dateTime;
  if (time.dataset.local === "alone") {
    time.title = time.textContent;
    time.textContent = words.format(at);
  } else time.append(` (${words.format(at)} in ${zone.replaceAll("_", " ")})`);
}

function look() {
  if (zone === "UTC") return;
  document.querySelectorAll("time[data-local]").forEach(tell);
}

look();
document.addEventListener("htmx:after:swap", look);
