// An author who has chosen no time zone is offered the one of this browser.

{
  const form = document.getElementById("zone-offer");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [take] = form.querySelectorAll("button");
  take.value = zone;
  take.textContent = `Tell them in ${zone.replaceAll("_", " ")}`;
  form.hidden = !zone.includes("/") || zone.startsWith("Etc/");
}
