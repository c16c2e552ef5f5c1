// How this page is read, told when it is left: milliseconds in sight, hundredths of the way down, a site that a link leads to.
if (!navigator.globalPrivacyControl) {
  let since = performance.now(), seen = 0, told = 0, first = 1;
  const look = () => {
    seen = Math.max(seen, Math.min(100, Math.round(100 * (scrollY + innerHeight) / document.documentElement.scrollHeight)));
  };
  const tell = (to) => {
    const now = performance.now();
    navigator.sendBeacon(`/pages/read?ms=${Math.round(now - since)}&depth=${seen - told}&first=${first}&to=${to}&at=${location.pathname}`);
    since = now, told = seen, first = 0;
  };
  addEventListener("scroll", look, { passive: true });
  look();
  addEventListener("visibilitychange", () => document.hidden ? tell("") : since = performance.now());
  for (const kind of ["click", "auxclick"])
    addEventListener(kind, ({ button, target }) => {
      const link = target.closest("a[href^=http]");
      if (link && link.host != location.host && button < 2) tell(link.host);
    });
}
